// What is reported of connections, and of descriptors that come and go.
#include "cases.h"
#include <stdio.h>
#if !defined(_WIN32)
#include <unistd.h>
#endif

outcome accepting(void) {
  sock listener = sock_listener(), first = sock_make(), second = sock_make(), none;
  uint32_t name;
  EXPECT(listener != NO_SOCKET && watch(listener, &name) == 0, "a listener is registered");
  EXPECT(grows_quiet(name), "a listener without connections is quiet");
  sock both[2] = {first, second};
  for (int i = 0; i < 2; i++) {
    EXPECT((none = sock_accept(listener)) == NO_SOCKET, "nobody has connected");
    arm(name, READ);
    sock_connect(both[i], sock_port(listener));
    EXPECT(comes(name, READABLE), "each connection is reported to who accepts");
    sock accepted = sock_accept(listener);
    EXPECT(accepted != NO_SOCKET, "and is there to be accepted");
    sock_close(accepted);
  }
  unwatch(listener, name);
  sock_close(listener), sock_close(first), sock_close(second);
  return NULL;
}

outcome connecting(void) {
  sock listener = sock_listener(), s = sock_make();
  uint32_t name;
  sock_connect(s, sock_port(listener));
  EXPECT(watch(s, &name) == 0, "a socket that connects is registered");
  arm(name, WRITE);
  EXPECT(comes(name, WRITABLE), "when it is connected, it is writable");
  EXPECT(sock_write(s, "x", 1) == 1, "and takes a byte");
  unwatch(s, name);
  sock_close(listener), sock_close(s);
  return NULL;
}

outcome refused(void) {
  sock listener = sock_listener(), s = sock_make();
  uint16_t port = sock_port(listener);
  uint32_t name;
  sock_close(listener);
  sock_connect(s, port);
  EXPECT(watch(s, &name) == 0, "a socket that connects is registered");
  arm(name, WRITE);
  EXPECT((reported(name, WRITABLE, 4000, NULL) & WRITABLE), "a refusal is reported to who connects");
  bool is_told = sock_was_refused(s);
  unwatch(s, name);
  sock_close(s);
  if (!is_told && over_libkqueue()) return "differs: libkqueue has taken the error, the socket says none";
  EXPECT(is_told, "and the socket says that it was refused");
  return NULL;
}

// MARK: registrations
outcome not_to_be_watched(void) {
  uint32_t name;
  sock s = sock_make();
  sock_close(s);
  EXPECT(watch(s, &name) != 0, "a socket that is closed is refused");
#if !defined(_WIN32)
  FILE *file = tmpfile();
  EXPECT(file && watch(fileno(file), &name) != 0, "a regular file is refused");
  fclose(file);
#endif
  return NULL;
}

outcome pipes(void) {
#if defined(_WIN32)
  return "not here: a pipe is no socket, and cannot be polled";
#else
  int ends[2];
  uint32_t out, in;
  EXPECT(pipe(ends) == 0 && watch(ends[0], &out) == 0, "the end of a pipe that is read is registered");
  EXPECT(watch(ends[1], &in) == 0, "the other end too");
  EXPECT(comes(in, WRITABLE), "an empty pipe is writable");
  EXPECT(write(ends[1], "x", 1) == 1 && comes(out, READABLE), "a byte is reported to the reader");
  unwatch(ends[1], in);
  sock_close(ends[1]);
  EXPECT(comes(out, READABLE), "the end of the pipe is reported to the reader");
  unwatch(ends[0], out);
  sock_close(ends[0]);
  return NULL;
#endif
}

outcome unregistered_is_silent(void) {
  duo d;
  int count;
  long end;
  // In one round the news comes after the end of the registration, in the other it is under way by then.
  for (int round = 0; round < 2; round++) {
    EXPECT(open_duo(&d), "a socket");
    drain(d.ours, &end);
    arm(d.name, READ);
    if (round) {
      sock_write(d.theirs, "x", 1);
      pause_ms(10);
    }
    unwatch(d.ours, d.name);
    if (!round) sock_write(d.theirs, "x", 1);
    reported(d.name, 0, 30, &count);
    EXPECT(count == 0, "nothing is reported after the registration has ended");
    sock_close(d.ours), sock_close(d.theirs);
  }
  return NULL;
}

outcome registered_again(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "a socket");
  for (int i = 0; i < 50; i++) {
    drain(d.ours, &end);
    arm(d.name, READ);
    unwatch(d.ours, d.name);
    EXPECT(watch(d.ours, &d.name) == 0, "a socket is registered again at once");
    EXPECT(sock_write(d.theirs, "x", 1) == 1, "a byte is sent");
    EXPECT(comes(d.name, READABLE), "and it is reported by its new name");
  }
  close_duo(&d);
  return NULL;
}

outcome close_reaches_peer(void) {
  sock ours, theirs;
  uint32_t name;
  for (int i = 0; i < 20; i++) {
    EXPECT(sock_pair(&ours, &theirs) && watch(ours, &name) == 0, "a socket");
    if (i % 2) reported(name, WRITABLE, 100, NULL);
    unwatch(ours, name);
    sock_close(ours);
    long end = -1;
    int64_t limit = now() + 2000000000;
    while (end == -1 && now() < limit) {
      reported(0, 0, 0, NULL);  // io_uring ends the order at the next turn of the netpoll thread
      drain(theirs, &end);
    }
    EXPECT(end == 0 || end == -2, "the other end learns of the close");
    sock_close(theirs);
  }
  return NULL;
}

