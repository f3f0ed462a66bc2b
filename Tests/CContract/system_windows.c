// system.h under Windows' interface.
#if defined(_WIN32)
#include "system.h"
#include <stdio.h>
#include <stdlib.h>

static void become_nonblocking(sock s) {
  u_long one = 1;
  ioctlsocket(s, FIONBIO, &one);
}

sock sock_make(void) {
  static bool started;
  WSADATA data;
  if (!started) started = WSAStartup(0x202, &data) == 0;
  sock s = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
  become_nonblocking(s);
  return s;
}

static struct sockaddr_in loopback(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

sock sock_listener(void) {
  sock s = sock_make();
  struct sockaddr_in address = loopback(0);
  if (bind(s, (struct sockaddr *)&address, sizeof address) == 0 && listen(s, 64) == 0) return s;
  closesocket(s);
  return NO_SOCKET;
}

uint16_t sock_port(sock listener) {
  struct sockaddr_in address = {0};
  int size = sizeof address;
  getsockname(listener, (struct sockaddr *)&address, &size);
  return ntohs(address.sin_port);
}

void sock_connect(sock s, uint16_t port) {
  struct sockaddr_in address = loopback(port);
  connect(s, (struct sockaddr *)&address, sizeof address);
}

sock sock_accept(sock listener) {
  sock s = accept(listener, NULL, NULL);
  if (s != NO_SOCKET) become_nonblocking(s);
  return s;
}

bool sock_pair(sock *a, sock *b) {
  sock listener = sock_listener();
  *b = sock_make();
  sock_connect(*b, sock_port(listener));
  int64_t end = now() + 2000000000;
  do *a = sock_accept(listener);
  while (*a == NO_SOCKET && now() < end);
  closesocket(listener);
  return *a != NO_SOCKET;
}

static long result(int n) {
  if (n >= 0) return n;
  int error = WSAGetLastError();
  if (error == WSAEWOULDBLOCK) return -1;
  return error == WSAECONNRESET || error == WSAECONNABORTED ? -2 : -3;
}

long sock_read(sock s, void *bytes, long count) { return result(recv(s, bytes, count, 0)); }
long sock_write(sock s, const void *bytes, long count) { return result(send(s, bytes, count, 0)); }
void sock_half_close(sock s) { shutdown(s, SD_SEND); }
void sock_close(sock s) { closesocket(s); }

void sock_reset(sock s) {
  struct linger linger = {1, 0};
  setsockopt(s, SOL_SOCKET, SO_LINGER, (char *)&linger, sizeof linger);
  closesocket(s);
}

bool sock_was_refused(sock s) {
  int error = 0, size = sizeof error;
  getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&error, &size);
  return error == WSAECONNREFUSED;
}

typedef struct { void (*body)(void *); void *argument; } start;

static DWORD WINAPI run(void *raw) {
  start s = *(start *)raw;
  free(raw);
  s.body(s.argument);
  return 0;
}

bool thread_start(thread *t, void (*body)(void *), void *argument) {
  start *s = malloc(sizeof *s);
  if (!s) return false;
  *s = (start){body, argument};
  *t = CreateThread(NULL, 0, run, s, 0, NULL);
  return *t != NULL;
}

void thread_join(thread t) {
  WaitForSingleObject(t, INFINITE);
  CloseHandle(t);
}

int64_t now(void) {
  LARGE_INTEGER count, frequency;
  QueryPerformanceCounter(&count);
  QueryPerformanceFrequency(&frequency);
  return count.QuadPart / frequency.QuadPart * 1000000000 +
         count.QuadPart % frequency.QuadPart * 1000000000 / frequency.QuadPart;
}

void pause_ms(int milliseconds) { Sleep(milliseconds); }
bool allow_sockets(int count) { return count > 0; }

const char *emulation(void) {
  static char name[64];
  const char *(*version)(void) = (void *)GetProcAddress(GetModuleHandleA("ntdll"), "wine_get_version");
  if (!version) return NULL;
  snprintf(name, sizeof name, "wine %s", version());
  return name;
}

#endif
