// afd.h under Windows: polls by the driver of sockets, `\Device\Afd`, which libuv and wepoll use in the same way.
// Microsoft documents neither the device nor its requests. We rely on this alone: they have not changed since Windows
// NT.
//
// The device's handle is tied to the port, never the socket, so a socket can be registered again, and with another port.
#if defined(_WIN32)
#define _WIN32_WINNT 0x0602
#include "afd.h"
#include <errno.h>
#include <winsock2.h>
#include <windows.h>
#include <winternl.h>
#include <string.h>

typedef struct { HANDLE handle; ULONG events; NTSTATUS status; } afd_handle;
typedef struct { LARGE_INTEGER timeout; ULONG count, exclusive; afd_handle handles[1]; } afd_poll;
typedef struct { IO_STATUS_BLOCK status; afd_poll asked, told; } kernel_memory;
_Static_assert(sizeof(kernel_memory) <= sizeof((ciocp_request *)0)->kernel, "the kernel's part of a request");

enum { status_pending = 0x103 };
enum { ioctl_poll = 0x00012024, ioctl_base_handle = 0x48000022 };
enum { keys_posted = 1, keys_polled = 2 };
enum { receive = 1, sendable = 4, disconnected = 8, aborted = 16, locally_closed = 32, acceptable = 128, connect_failed = 256 };
static const ULONG broken = aborted | locally_closed | connect_failed;
static const ULONG wanted[2] = {receive | disconnected | acceptable | broken, sendable | broken};

NTSTATUS NTAPI NtCancelIoFileEx(HANDLE, IO_STATUS_BLOCK *, IO_STATUS_BLOCK *);

static kernel_memory *memory(ciocp_request *request) { return (kernel_memory *)request->kernel; }

bool ciocp_afd_is_here(void) { return true; }

int ciocp_afd_open(ciocp_afd *afd) {
  static WCHAR path[] = L"\\Device\\Afd\\Mpg";
  UNICODE_STRING name = {sizeof path - sizeof *path, sizeof path, path};
  OBJECT_ATTRIBUTES attributes = {.Length = sizeof attributes, .ObjectName = &name};
  IO_STATUS_BLOCK status;
  afd->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
  if (!afd->port) return ENOMEM;
  NTSTATUS error = NtCreateFile(&afd->device, SYNCHRONIZE, &attributes, &status, NULL, 0,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, 0, NULL, 0);
  if (error != 0) return ENOSYS;
  return CreateIoCompletionPort(afd->device, afd->port, keys_polled, 0) ? 0 : ENOSYS;
}

int ciocp_afd_base(uint64_t socket, uint64_t *base) {
  SOCKET below = (SOCKET)socket;
  DWORD size;
  if (WSAIoctl((SOCKET)socket, ioctl_base_handle, NULL, 0, &below, sizeof below, &size, NULL, NULL) != 0) {
    if (WSAGetLastError() == WSAENOTSOCK) return EBADF;
    below = (SOCKET)socket;
  }
  *base = below;
  return 0;
}

int ciocp_afd_begin(ciocp_afd *afd, ciocp_request *request, uint64_t base, int direction) {
  kernel_memory *m = memory(request);
  memset(m, 0, sizeof *m);
  m->asked = (afd_poll){{.QuadPart = INT64_MAX}, 1, FALSE, {{(HANDLE)(uintptr_t)base, wanted[direction], 0}}};
  m->status.Status = status_pending;
  NTSTATUS result = NtDeviceIoControlFile(afd->device, NULL, NULL, request, &m->status, ioctl_poll, &m->asked,
                                          sizeof m->asked, &m->told, sizeof m->told);
  // A request that ends at once puts its packet into the port, too.
  if (result == 0 || result == status_pending) return 0;
  return result == (NTSTATUS)0xC0000008 || result == (NTSTATUS)0xC0000024 ? EBADF : ENOMEM;
}

void ciocp_afd_cancel(ciocp_afd *afd, ciocp_request *request) {
  IO_STATUS_BLOCK unused;
  NtCancelIoFileEx(afd->device, &memory(request)->status, &unused);  // fails if it is over: its packet is under way
}

static ciocp_packet opened(const OVERLAPPED_ENTRY *entry) {
  if (entry->lpCompletionKey != keys_polled) return (ciocp_packet){0};
  ciocp_request *request = (ciocp_request *)entry->lpOverlapped;
  kernel_memory *m = memory(request);
  ULONG events = m->status.Status == 0 && m->told.count ? m->told.handles[0].events : 0;
  return (ciocp_packet){request, events != 0, (events & broken) != 0};
}

int ciocp_afd_take(ciocp_afd *afd, ciocp_packet *packets, int capacity, int64_t nanoseconds) {
  enum { most = 64 };
  OVERLAPPED_ENTRY entries[most];
  ULONG count = 0;
  // Rounded up: a wait that ends early would be begun again and again until the time has come.
  int64_t milliseconds = (nanoseconds + 999999) / 1000000;
  DWORD limit = nanoseconds < 0 || milliseconds >= INFINITE ? INFINITE : (DWORD)milliseconds;
  if (!GetQueuedCompletionStatusEx(afd->port, entries, capacity < most ? capacity : most, &count, limit, FALSE)) {
    return GetLastError() == WAIT_TIMEOUT ? 0 : -EIO;
  }
  for (ULONG i = 0; i < count; i++) packets[i] = opened(&entries[i]);
  return (int)count;
}

void ciocp_afd_post(ciocp_afd *afd) { PostQueuedCompletionStatus(afd->port, 0, keys_posted, NULL); }
#endif
