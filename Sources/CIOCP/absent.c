// afd.h on systems without completion ports: its functions fail with ENOSYS. They are weak, so that the tests can
// replace them.
#if !defined(_WIN32)
#include "afd.h"
#include <errno.h>

#define ABSENT __attribute__((weak))

ABSENT bool ciocp_afd_is_here(void) { return false; }
ABSENT int ciocp_afd_open(ciocp_afd *afd) { return (void)afd, ENOSYS; }
ABSENT int ciocp_afd_base(uint64_t socket, uint64_t *base) { return (void)socket, (void)base, ENOSYS; }
ABSENT int ciocp_afd_begin(ciocp_afd *afd, ciocp_request *request, uint64_t base, int direction) {
  return (void)afd, (void)request, (void)base, (void)direction, ENOSYS;
}
ABSENT void ciocp_afd_cancel(ciocp_afd *afd, ciocp_request *request) { (void)afd, (void)request; }
ABSENT int ciocp_afd_take(ciocp_afd *afd, ciocp_packet *packets, int capacity, int64_t nanoseconds) {
  return (void)afd, (void)packets, (void)capacity, (void)nanoseconds, -ENOSYS;
}
ABSENT void ciocp_afd_post(ciocp_afd *afd) { (void)afd; }
#endif
