/* net.c - which addresses this machine has; the way to its log. */
#include "sys/sys.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int sys_addresses(struct ip *out, size_t most, size_t *n, struct err *e)
{
	struct ifaddrs *all;
	*n = 0;
	if (getifaddrs(&all))
		return err_set(e, ERR_IO, "cannot see this machine's addresses: %m");
	for (const struct ifaddrs *a = all; a && *n < most; a = a->ifa_next) {
		struct ip *ip = &out[*n];
		int family = a->ifa_addr ? a->ifa_addr->sa_family : AF_UNSPEC;
		if (family == AF_INET) {
			struct sockaddr_in in;
			memcpy(&in, a->ifa_addr, sizeof in);
			*ip = (struct ip){.b = {[10] = 0xff, [11] = 0xff}};
			memcpy(ip->b + 12, &in.sin_addr, 4);
			++*n;
		} else if (family == AF_INET6) {
			struct sockaddr_in6 in6;
			memcpy(&in6, a->ifa_addr, sizeof in6);
			memcpy(ip->b, &in6.sin6_addr, 16);
			++*n;
		}
	}
	freeifaddrs(all);
	return 0;
}

int sys_syslog(void)
{
	static const struct sockaddr_un log = {AF_UNIX, "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&log, sizeof log)) {
		close(fd);
		return -1;
	}
	return fd;
}
