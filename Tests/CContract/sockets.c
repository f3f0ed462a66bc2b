// What is reported of one socket.
#include "cases.h"
#include <stdio.h>

outcome ready_when_registered(void) {
  sock ours, theirs;
  uint32_t name;
  EXPECT(sock_pair(&ours, &theirs) && sock_write(theirs, "x", 1) == 1, "a pair of sockets, and a byte");
  pause_ms(5);
  EXPECT(watch(ours, &name) == 0, "the socket is registered");
  EXPECT(comes(name, READABLE | WRITABLE), "what it was ready for is reported");
  unwatch(ours, name);
  sock_close(ours), sock_close(theirs);
  return NULL;
}

outcome idle_is_quiet(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "an idle socket is writable");
  EXPECT(drain(d.ours, &end) == 0 && end == -1, "nothing to read");
  arm(d.name, READ);
  EXPECT(grows_quiet(d.name), "an idle socket, whose reader waits, is quiet");
  arm(d.name, READ);
  EXPECT(grows_quiet(d.name), "armed twice, it is quiet");
  close_duo(&d);
  return NULL;
}

outcome reads(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "a socket");
  for (int i = 0; i < 20; i++) {
    drain(d.ours, &end);
    arm(d.name, READ);
    if (i % 2) pause_ms(1);
    EXPECT(sock_write(d.theirs, "x", 1) == 1, "a byte is sent");
    int64_t limit = now() + 2000000000;
    do EXPECT(reported(d.name, READABLE, 2000, NULL) & READABLE, "each byte is reported to the reader");
    while (drain(d.ours, &end) == 0 && (arm(d.name, READ), now() < limit));
    EXPECT(now() < limit, "what is reported is there to be read");
  }
  close_duo(&d);
  return NULL;
}

// Fills `s`, whose reader does not read, until a writer would wait for long: the kernel moves what was sent into the other
// end's buffer, and reports room, until that is full too.
static void fill(uint32_t name, sock s) {
  do {
    while (sock_write(s, bytes, sizeof bytes) > 0) {
    }
    arm(name, WRITE);
  } while (reported(name, WRITABLE, 50, NULL) & WRITABLE);
}

outcome full_buffer(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "a socket");
  fill(d.name, d.ours);
  EXPECT(grows_quiet(d.name), "while the buffer is full, the writer hears nothing");
  drain(d.ours, &end);
  arm(d.name, READ);
  EXPECT(sock_write(d.theirs, "x", 1) == 1 && comes(d.name, READABLE), "a reader hears all the same");
  int64_t limit = now() + 2000000000;
  int bits = 0;
  while (!(bits & WRITABLE) && now() < limit) {
    drain(d.theirs, &end);
    bits |= reported(d.name, WRITABLE, 5, NULL);
  }
  EXPECT(bits & WRITABLE, "when the other end has read, the writer hears of the room");
  close_duo(&d);
  return NULL;
}

outcome both_directions(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "a socket");
  while (sock_write(d.ours, bytes, sizeof bytes) > 0) {
  }
  drain(d.ours, &end);
  arm(d.name, READ), arm(d.name, WRITE);
  reported(d.name, 0, 50, NULL);
  while (sock_write(d.ours, bytes, sizeof bytes) > 0) {
  }
  arm(d.name, READ), arm(d.name, WRITE);
  EXPECT(sock_write(d.theirs, "x", 1) == 1, "a byte is sent");
  int bits = 0;
  int64_t limit = now() + 2000000000;
  while (bits != (READABLE | WRITABLE) && now() < limit) {
    drain(d.theirs, &end);
    bits |= reported(d.name, READABLE | WRITABLE, 5, NULL);
  }
  EXPECT(bits == (READABLE | WRITABLE), "a reader and a writer of one socket both hear");
  close_duo(&d);
  return NULL;
}

outcome half_close(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "a socket");
  drain(d.ours, &end);
  arm(d.name, READ);
  sock_half_close(d.theirs);
  EXPECT(comes(d.name, READABLE), "the end of the stream is reported to the reader");
  EXPECT(drain(d.ours, &end) == 0 && end == 0, "and the read says so");
  EXPECT(sock_write(d.ours, "x", 1) == 1, "the other direction goes on");
  close_duo(&d);
  return NULL;
}

outcome data_and_end(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "a socket");
  drain(d.ours, &end);
  arm(d.name, READ);
  EXPECT(sock_write(d.theirs, "xyz", 3) == 3, "three bytes are sent");
  sock_half_close(d.theirs);
  EXPECT(comes(d.name, READABLE), "data and the end that came together are reported");
  long got = 0;
  int64_t limit = now() + 2000000000;
  while ((got += drain(d.ours, &end), end == -1) && now() < limit) {
    arm(d.name, READ);
    reported(d.name, READABLE, 100, NULL);
  }
  EXPECT(got == 3 && end == 0, "the reader gets all, and then the end");
  close_duo(&d);
  return NULL;
}

static long after_reset;

outcome reset(void) {
  duo d;
  long end;
  EXPECT(open_duo(&d), "a socket");
  drain(d.ours, &end);
  arm(d.name, READ), arm(d.name, WRITE);
  reported(d.name, 0, 20, NULL);
  arm(d.name, WRITE);
  sock_reset(d.theirs);
  EXPECT(comes(d.name, READABLE), "a reset is reported to the reader");
  drain(d.ours, &after_reset);
  EXPECT(after_reset != -1, "and the read does not wait");
  unwatch(d.ours, d.name);
  sock_close(d.ours);
  return NULL;
}

outcome reset_is_told(void) {
  static char words[80];
  if (after_reset == -2) return NULL;
  const char *by = over_libkqueue() ? "libkqueue" : emulation();
  if (!by || after_reset != 0) return "after a reset the read says so";
  snprintf(words, sizeof words, "differs: %s has taken the error, the read says end", by);
  return words;
}

outcome reset_meets_writer(void) {
  duo d;
  EXPECT(open_duo(&d), "a socket");
  fill(d.name, d.ours);
  sock_reset(d.theirs);
  EXPECT(comes(d.name, WRITABLE), "a reset is reported to a writer that waits");
  EXPECT(sock_write(d.ours, "x", 1) < -1, "and the write fails");
  unwatch(d.ours, d.name);
  sock_close(d.ours);
  return NULL;
}

