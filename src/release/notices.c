/* notices.c - what changes in folders: fanotify(7), which also tells who did it, or inotify(7) where that is not permitted. */
#include "release/release_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { FOLDERS_MAX = 20000, HANDLE_MAX = 128, ROOM = 64 << 10 };

struct notices {
	int fd;
	bool fan;
	struct lru *folders;               /* fsid and handle, or watch descriptor -> uint32_t */
	char room[ROOM] __attribute__((aligned(8)));
};

struct notices *notices_open(bool no_fanotify, struct err *e)
{
	struct notices *n = xcalloc(1, sizeof *n);
	n->fd = no_fanotify ? -1 : fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME, 0);
	n->fan = n->fd >= 0;
	if (!n->fan)
		n->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (n->fd < 0) {
		err_set(e, ERR_IO, "cannot be told of changes: neither fanotify nor inotify: %m");
		free(n);
		return NULL;
	}
	n->folders = lru_new(sizeof(uint32_t), FOLDERS_MAX, NULL, NULL);
	return n;
}

void notices_close(struct notices *n)
{
	if (!n)
		return;
	close(n->fd);
	lru_free(n->folders);
	free(n);
}

int notices_fd(const struct notices *n) { return n->fd; }
bool notices_name_who(const struct notices *n) { return n->fan; }

/* ---- folders ---------------------------------------------------------------------------------------------------------------- */

/* As struct fanotify_event_info_fid has them: fsid, then handle. */
static int key_of(int dir, struct key *k, struct err *e)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + HANDLE_MAX];
	} u;
	struct statfs fs;
	int mount;
	u.h.handle_bytes = HANDLE_MAX;
	if (fstatfs(dir, &fs) || name_to_handle_at(dir, "", &u.h, &mount, AT_EMPTY_PATH))
		return err_set(e, ERR_IO, "the filesystem gives no handles: %m");
	key_init(k);
	key_add(k, slice_make((const char *)&fs.f_fsid, sizeof fs.f_fsid));
	key_add(k, slice_make((const char *)u.h.f_handle, u.h.handle_bytes));
	return 0;
}

static int mark(struct notices *n, int dir, struct key *k, struct err *e)
{
	char path[64];
	const uint64_t fan = FAN_CLOSE_WRITE | FAN_MOVED_TO | FAN_CREATE | FAN_MODIFY | FAN_ONDIR | FAN_EVENT_ON_CHILD;
	if (n->fan) {
		int rc = key_of(dir, k, e);
		if (!rc && fanotify_mark(n->fd, FAN_MARK_ADD | FAN_MARK_ONLYDIR, fan, dir, NULL))
			rc = err_set(e, ERR_IO, "fanotify does not look at it: %m");
		return rc;
	}
	snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
	int32_t wd = inotify_add_watch(n->fd, path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_ONLYDIR);
	if (wd < 0)
		return err_set(e, ERR_IO, "inotify does not look at it: %m");
	key_init(k);
	key_add(k, slice_make((const char *)&wd, sizeof wd));
	return 0;
}

int notices_add(struct notices *n, int dir, uint32_t wanted, uint32_t *number, struct err *e)
{
	struct key k;
	bool fresh;
	if (lru_count(n->folders) >= FOLDERS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d folders", FOLDERS_MAX);
	int rc = mark(n, dir, &k, e);
	if (rc)
		return rc;
	uint32_t *v = lru_put(n->folders, key_slice(&k), &fresh);
	if (fresh)
		*v = wanted;
	*number = *v;
	return 0;
}

static void pass(struct notices *n, const struct key *k, enum notice_kind kind, int32_t pid, struct slice name, notice_fn *fn, void *arg)
{
	struct notice x = {.kind = kind, .pid = pid};
	const uint32_t *number = lru_get(n->folders, key_slice(k));
	if (!number || !name.n || name.n > RELEASE_NAME_MAX || slice_eqz(name, "."))
		return;
	x.folder = *number;
	memcpy(x.name, name.p, name.n);
	fn(arg, &x);
}

static void lost(notice_fn *fn, void *arg)
{
	const struct notice x = {.kind = NOTICE_LOST};
	fn(arg, &x);
}

/* ---- fanotify ------------------------------------------------------------------------------------------------------------------ */

static void fan_one(struct notices *n, const struct fanotify_event_metadata *m, struct slice infos, notice_fn *fn, void *arg)
{
	struct fanotify_event_info_header info;
	struct wire w = wire_of(infos);
	while (wire_raw(&w, &info, sizeof info) && info.len >= sizeof info && info.len - sizeof info <= w.n) {
		struct wire in = {w.p, info.len - sizeof info, false};
		w.p += in.n;
		w.n -= in.n;
		char fsid[8], handle[HANDLE_MAX];
		uint32_t bytes;
		int32_t type;
		if (info.info_type != FAN_EVENT_INFO_TYPE_DFID_NAME || !wire_raw(&in, fsid, sizeof fsid) || !wire_raw(&in, &bytes, sizeof bytes) ||
			!wire_raw(&in, &type, sizeof type) || bytes > HANDLE_MAX || !wire_raw(&in, handle, bytes))
			continue;
		struct key k;
		key_init(&k);
		key_add(&k, slice_make(fsid, sizeof fsid));
		key_add(&k, slice_make(handle, bytes));
		bool only_written = !(m->mask & (FAN_CLOSE_WRITE | FAN_MOVED_TO | FAN_CREATE));
		enum notice_kind kind = m->mask & FAN_ONDIR ? NOTICE_FOLDER : only_written ? NOTICE_WRITTEN : NOTICE_FILE;
		pass(n, &k, kind, m->pid, slice_make(in.p, strnlen(in.p, in.n)), fn, arg);
	}
}

static void fan_all(struct notices *n, size_t got, notice_fn *fn, void *arg)
{
	struct fanotify_event_metadata m;
	for (size_t at = 0; got - at >= sizeof m; at += m.event_len) {
		memcpy(&m, n->room + at, sizeof m);
		if (m.vers != FANOTIFY_METADATA_VERSION || m.event_len < sizeof m || m.event_len > got - at || m.metadata_len > m.event_len)
			return;
		if (m.mask & FAN_Q_OVERFLOW)
			lost(fn, arg);
		else
			fan_one(n, &m, slice_make(n->room + at + m.metadata_len, m.event_len - m.metadata_len), fn, arg);
	}
}

/* ---- inotify -------------------------------------------------------------------------------------------------------------------- */

static void in_all(struct notices *n, size_t got, notice_fn *fn, void *arg)
{
	struct wire w = {n->room, got, false};
	struct inotify_event x;
	while (wire_raw(&w, &x, sizeof x) && x.len <= w.n) {
		struct slice name = slice_make(w.p, x.len ? strnlen(w.p, x.len) : 0);
		struct key k;
		w.p += x.len;
		w.n -= x.len;
		key_init(&k);
		key_add(&k, slice_make((const char *)&x.wd, sizeof x.wd));
		if (x.mask & IN_Q_OVERFLOW)
			lost(fn, arg);
		else if (x.mask & IN_IGNORED) /* the folder is gone, and its number may be given again */
			lru_del(n->folders, key_slice(&k));
		else
			pass(n, &k, x.mask & IN_ISDIR ? NOTICE_FOLDER : x.mask & IN_MODIFY ? NOTICE_WRITTEN : NOTICE_FILE, 0, name, fn, arg);
	}
}

int notices_read(struct notices *n, notice_fn *fn, void *arg, struct err *e)
{
	for (;;) {
		ssize_t got = read(n->fd, n->room, sizeof n->room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != EAGAIN)
			return err_set(e, ERR_IO, "cannot read notices: %m");
		if (got <= 0)
			return 0;
		if (n->fan)
			fan_all(n, (size_t)got, fn, arg);
		else
			in_all(n, (size_t)got, fn, arg);
	}
}
