#include "watch/watch_private.h"
#define W __attribute__((weak))
W int live_bind(const struct live_config *c, int *fds, struct err *e); W int live_bind(const struct live_config *c, int *fds, struct err *e){(void)c;(void)fds;(void)e;return 0;}
W int live_journal(const struct live_config *c, const char *spool, int control, int status, struct err *e){(void)c;(void)spool;(void)control;(void)status;(void)e;return 0;}
W int live_receive(const struct live_config *c, const int *fds, const char *spool, int control, int status, struct err *e){(void)c;(void)fds;(void)spool;(void)control;(void)status;(void)e;return 0;}
