/* Reads the region of a process, with nothing but docs/region.md in hand: which Gs run and wait, what each P has queued.
 *
 *     cc -std=c11 -O2 -o reader reader.c && ./reader /dev/shm/mpg-1000/4711-123456.mpg
 *
 * Prints one line for each item: a name and a number. Exit codes: 0: it was read; 1: no region, or a damaged one; 64: wrong
 * arguments. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER = 4096, MOST_REASONS = 64, MOST_NAMES = 32, PASSES = 1000 };

static const unsigned char *base;
static uint64_t size;
static char *schema;

static void fail(const char *why) {
  fprintf(stderr, "reader: %s\n", why);
  exit(1);
}

/* Loads a word: whole (§2), and only from inside the file. */
static uint64_t load(uint64_t offset) {
  if (offset % 8 != 0 || offset > size - 8) fail("a place outside the region");
  return atomic_load_explicit((_Atomic uint64_t *)(base + offset), memory_order_acquire);
}

/* Returns what follows `head` on the line of the schema that starts with it; NULL: there is no such line (§4). */
static const char *find(const char *head) {
  size_t length = strlen(head);
  for (const char *line = schema; line != NULL; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncmp(line, head, length) == 0 && line[length] == ' ') return line + length;
  }
  return NULL;
}

struct block {
  uint64_t offset, stride, count;
};

static struct block block(const char *name) {
  struct block b;
  char head[64];
  snprintf(head, sizeof head, "block %s", name);
  const char *rest = find(head);
  if (rest == NULL || sscanf(rest, "%lu %lu %lu", &b.offset, &b.stride, &b.count) != 3) fail("a block is missing");
  if (b.stride == 0 || b.offset > size || b.count > (size - b.offset) / b.stride) fail("a block outside the region");
  return b;
}

struct field {
  struct block of;
  uint64_t offset, words;
};

/* Finds where a field is. `words` is 0 if the writer did not know the field. */
static struct field field(const char *in, const char *name) {
  struct field f = {block(in), 0, 0};
  char head[96];
  snprintf(head, sizeof head, "field %s %s", in, name);
  const char *rest = find(head);
  if (rest == NULL) return f;
  if (sscanf(rest, "%lu %lu", &f.offset, &f.words) != 2 || f.words > f.of.stride / 8 ||
      f.offset > f.of.stride - f.words * 8)
    fail("a field outside its block");
  return f;
}

static uint64_t value(struct field f, uint64_t index, uint64_t element) {
  if (index >= f.of.count) fail("there are fewer blocks than are in use");
  return element < f.words ? load(f.of.offset + index * f.of.stride + f.offset + element * 8) : 0;
}

/* Returns the name of the case that a raw value of an enum stands for; NULL: there is no such case. */
static const char *name_of(const char *enumeration, uint64_t raw, char *into, size_t room) {
  char head[96], format[32];
  snprintf(head, sizeof head, "enum %s %lu", enumeration, raw);
  snprintf(format, sizeof format, "%%%zus", room - 1);
  const char *rest = find(head);
  return rest != NULL && sscanf(rest, format, into) == 1 ? into : NULL;
}

/* The counters of every lane (§7), in this order. Parked and readied are counted by reason, and are read apart. */
static const char *const names[] = {"created", "started",  "yielded",  "exited",          "preempted",
                                    "resumed", "syscalls", "syscallsReturned", "syscallsQueued"};
enum { CREATED, STARTED, YIELDED, EXITED, PREEMPTED, RESUMED, SYSCALLS, RETURNED, QUEUED, COUNTERS };

struct tally {
  uint64_t lanes[2], sums[COUNTERS], parked[MOST_REASONS], readied[MOST_REASONS];
};

static struct tally pass(struct field *fields, struct field parked, struct field readied, uint64_t first_m) {
  struct tally t = {0};
  struct field made = field("sched", "psMade"), ms = field("sched", "mCount");
  t.lanes[0] = value(made, 0, 0);
  t.lanes[1] = value(ms, 0, 0);
  for (uint64_t i = 0; i < t.lanes[0] + t.lanes[1]; i++) {
    uint64_t lane = i < t.lanes[0] ? i : first_m + i - t.lanes[0];
    for (int n = 0; n < COUNTERS; n++) t.sums[n] += value(fields[n], lane, 0);
    for (uint64_t r = 0; r < parked.words && r < MOST_REASONS; r++) t.parked[r] += value(parked, lane, r);
    for (uint64_t r = 0; r < readied.words && r < MOST_REASONS; r++) t.readied[r] += value(readied, lane, r);
  }
  return t;
}

static void show_gs(void) {
  struct field fields[COUNTERS], parked = field("lane", "parked"), readied = field("lane", "readied");
  for (int n = 0; n < COUNTERS; n++) fields[n] = field("lane", names[n]);
  uint64_t first_m = block("p").count;
  struct tally t = pass(fields, parked, readied, first_m), earlier;
  int consistent = 0;
  for (int n = 0; n < PASSES && !consistent; n++) {
    earlier = t;
    t = pass(fields, parked, readied, first_m);
    consistent = memcmp(&t, &earlier, sizeof t) == 0; /* the sums only grow: as good as comparing every word */
  }
  uint64_t *s = t.sums, all_parked = 0, all_readied = 0;
  for (int r = 0; r < MOST_REASONS; r++) all_parked += t.parked[r], all_readied += t.readied[r];
  printf("consistent %d\n", consistent);
  printf("gs.created %lu\ngs.exited %lu\ngs.live %ld\n", s[CREATED], s[EXITED], (long)(s[CREATED] - s[EXITED]));
  printf("gs.running %ld\n", (long)(s[STARTED] + s[RESUMED] + s[RETURNED] - s[YIELDED] - s[EXITED] - all_parked -
                                    s[PREEMPTED] - s[SYSCALLS]));
  printf("gs.runnable %ld\n", (long)(s[CREATED] + s[YIELDED] + all_readied + s[QUEUED] - s[STARTED]));
  printf("gs.preempted %ld\n", (long)(s[PREEMPTED] - s[RESUMED]));
  printf("gs.syscall %ld\n", (long)(s[SYSCALLS] - s[RETURNED] - s[QUEUED]));
  for (uint64_t r = 0; r < MOST_REASONS; r++) {
    char word[MOST_NAMES];
    if (t.parked[r] == t.readied[r]) continue;
    const char *reason = name_of("WaitReason", r, word, sizeof word);
    printf("gs.waiting.%s %ld\n", reason == NULL ? "?" : reason, (long)(t.parked[r] - t.readied[r]));
  }
  printf("switches %lu\n", s[STARTED]);
}

static void show_ps(void) {
  struct field status = field("p", "status"), m = field("p", "m"), g = field("p", "g");
  struct field head = field("p", "lrqHead"), tail = field("p", "lrqTail"), started = field("lane", "started");
  uint64_t procs = value(field("sched", "procs"), 0, 0), capacity = 256;
  for (uint64_t p = 0; p < procs; p++) {
    char word[MOST_NAMES];
    const char *state = name_of("PStatus", value(status, p, 0) & 0xff, word, sizeof word);
    uint64_t depth = value(tail, p, 0) - value(head, p, 0);
    printf("p%lu.status.%s 1\n", p, state == NULL ? "?" : state);
    printf("p%lu.m %ld\np%lu.g %lu\n", p, (long)value(m, p, 0) - 1, p, value(g, p, 0));
    printf("p%lu.lrq %lu\np%lu.ticks %lu\n", p, depth > capacity ? 0 : depth, p, value(started, p, 0));
  }
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: reader REGION\n");
    return 64;
  }
  struct stat status;
  int file = open(arguments[1], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) fail("it cannot be opened");
  size = (uint64_t)status.st_size;
  if (size < HEADER) fail("it is no region, or not finished");
  base = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  if (base == MAP_FAILED) fail("it cannot be mapped");
  /* The bootstrap (§3): the only offsets that a reader may know without the schema. */
  if (load(0) != 0x314e47455247504d || load(8) != 1 || load(16) != 0x0102030405060708) fail("it is no region of version 1");
  uint64_t offset = load(24), bytes = load(32);
  if (bytes == 0 || bytes > 1 << 20 || offset > size || bytes > size - offset) fail("its schema lies outside of it");
  schema = strndup((const char *)base + offset, bytes);
  if (schema == NULL) fail("no memory");
  printf("pid %lu\n", value(field("header", "pid"), 0, 0));
  printf("procs %lu\nms %lu\n", value(field("sched", "procs"), 0, 0), value(field("sched", "mCount"), 0, 0));
  printf("grq %lu\n", value(field("sched", "grqDepth"), 0, 0));
  show_gs();
  show_ps();
  return 0;
}
