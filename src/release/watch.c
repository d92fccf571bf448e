/* watch.c - folders are walked, then looked at; what changes is judged. */
#include "release/watch_private.h"

#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MOST = 4000, TICK_MS = 1000 };

/* ---- folders ------------------------------------------------------------------------------------------------------------------ */

/* Looked at before it is read, so that nothing gets in between. The number of the folder, or -1 after a message. */
static int64_t add_folder(struct watching *x, int dir, const char *path)
{
	struct err e;
	uint32_t number;
	if (notices_add(x->notices, dir, (uint32_t)x->folders.n, &number, &e)) {
		watch_say(x, "NOT WATCHED %.500s: %s", path, e.text);
		return -1;
	}
	int kept = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	if (kept < 0)
		return -1;
	if (number == x->folders.n) {
		*vec_push(&x->folders) = (struct folder){kept, xstrndup(path, strlen(path))};
		return number;
	}
	struct folder *f = &x->folders.v[number]; /* known, perhaps under another name */
	close(f->dir);
	free(f->path);
	*f = (struct folder){kept, xstrndup(path, strlen(path))};
	return number;
}

static void walk(struct watching *x, int dir, const char *path, unsigned depth);

static void walk_entry(struct watching *x, int dir, int64_t number, const char *path, const char *name, unsigned depth)
{
	struct stat st;
	char below[PATH_MAX];
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (!S_ISDIR(st.st_mode)) {
		watch_file(x, (uint32_t)number, name, 0);
		return;
	}
	int n = snprintf(below, sizeof below, "%s/%s", path, name);
	if (n > PATH_MOST || depth >= LIMIT_PATH_DEPTH) {
		watch_say(x, "NOT WATCHED %.300s...: too deep", below);
		return;
	}
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		walk(x, fd, below, depth + 1); /* closes it */
}

static void walk(struct watching *x, int dir, const char *path, unsigned depth)
{
	int64_t number = add_folder(x, dir, path);
	DIR *d = number >= 0 ? fdopendir(dir) : NULL;
	if (!d) {
		close(dir);
		return;
	}
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			walk_entry(x, dirfd(d), number, path, e->d_name, depth);
	closedir(d);
}

static void walk_path(struct watching *x, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		watch_say(x, "NOT WATCHED %.500s: %s", path, strerror(errno));
	else
		walk(x, fd, path, 0);
}

/* The folders asked for, else those of the list; i counts. */
static const char *root(const struct watching *x, size_t i)
{
	const char *const *f = x->w->folders;
	if (f && f[0])
		return f[i];
	return i < x->list.nfolders ? x->list.folders[i].p : NULL;
}

static void walk_all(struct watching *x)
{
	x->scanning = true;
	x->files = 0;
	for (size_t i = 0; root(x, i); i++)
		walk_path(x, root(x, i));
	x->scanning = x->rescan = false;
	x->looked = watch_now(true);
}

/* A folder that was replaced, or that something was mounted over, is another one. */
static bool moved(const struct watching *x)
{
	struct stat a, b;
	for (size_t i = 0; root(x, i); i++)
		for (size_t k = 0; k < x->folders.n; k++)
			if (strcmp(x->folders.v[k].path, root(x, i)) == 0 && !stat(root(x, i), &a) && !fstat(x->folders.v[k].dir, &b) &&
				(a.st_ino != b.st_ino || a.st_dev != b.st_dev))
				return true;
	return false;
}

/* ---- events ---------------------------------------------------------------------------------------------------------------------- */

static void on_notice(void *arg, const struct notice *n)
{
	struct watching *x = arg;
	if (n->kind == NOTICE_LOST) {
		watch_say(x, "notices were lost: everything is looked at again");
		x->rescan = true;
		return;
	}
	if (n->folder >= x->folders.n)
		return;
	if (n->kind == NOTICE_FOLDER) {
		char path[PATH_MAX]; /* walk may move the table */
		snprintf(path, sizeof path, "%s", x->folders.v[n->folder].path);
		walk_entry(x, x->folders.v[n->folder].dir, n->folder, path, n->name, 1);
	} else if (n->kind == NOTICE_WRITTEN) {
		watch_written(x, n->folder, n->name, n->pid);
	} else {
		watch_file(x, n->folder, n->name, n->pid);
	}
}

static int check_folders(const struct watching *x, const struct release_list *l, struct err *e)
{
	for (size_t i = 0; x->w->folders && x->w->folders[i]; i++)
		if (!release_folder_of(l, slice_of(x->w->folders[i])).n)
			return err_set(e, ERR_USAGE, "%.300s is not below a folder of the release list", x->w->folders[i]);
	return 0;
}

static void reload(struct watching *x)
{
	struct release_list l;
	struct err e;
	if (release_list_load(x->w->list_file, &l, &e) || check_folders(x, &l, &e)) {
		release_list_free(&l);
		watch_say(x, "the new release list is not taken: %s", e.text);
		return;
	}
	if (!slice_eq(l.quarantine, x->list.quarantine))
		watch_say(x, "another quarantine folder is used after a restart");
	release_list_free(&x->list);
	x->list = l;
	x->rescan = true;
	watch_say(x, "the release list was read again");
}

/* False: the end. */
static bool on_signal(struct watching *x, int fd)
{
	struct signalfd_siginfo s;
	while (read(fd, &s, sizeof s) == (ssize_t)sizeof s) {
		if (s.ssi_signo != SIGHUP)
			return false;
		reload(x);
	}
	return true;
}

static int loop(struct watching *x, int signals, struct err *e)
{
	nstime looked = watch_now(true);
	for (;;) {
		struct pollfd p[2] = {{.fd = notices_fd(x->notices), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
		if (poll(p, 2, TICK_MS) < 0 && errno != EINTR)
			return err_set(e, ERR_IO, "cannot wait for notices: %m");
		if (p[1].revents && !on_signal(x, signals))
			return 0;
		int rc = p[0].revents ? notices_read(x->notices, on_notice, x, e) : 0;
		if (rc)
			return rc;
		watch_pending(x);
		nstime now = watch_now(true);
		if (now - looked > 5 * NS_SEC) {
			looked = now;
			x->rescan |= moved(x);
		}
		if (x->rescan || now - x->looked > x->list.rescan)
			walk_all(x);
	}
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------- */

static int begin(struct watching *x, struct err *e)
{
	char path[PATH_MAX];
	int rc = release_list_load(x->w->list_file, &x->list, e);
	if (!rc)
		rc = check_folders(x, &x->list, e);
	if (rc)
		return rc;
	snprintf(path, sizeof path, "%.*s", SLFMT(x->list.quarantine));
	if (x->w->enforce && !(x->quarantine = release_quarantine_open(path, e)))
		return ERR_IO;
	if (x->quarantine && (rc = release_quarantine_own(x->quarantine, e)))
		return rc;
	x->notices = notices_open(x->w->no_fanotify, e);
	if (!x->notices)
		return ERR_IO;
	x->known = lru_new(1, KNOWN_MAX, NULL, NULL);
	x->who = lru_new(sizeof(struct release_who), PENDING_MAX, NULL, NULL);
	walk_all(x);
	watch_say(x, "watching %zu folder%s with %s, %zu file%s there, %zu refused%s", x->folders.n, x->folders.n == 1 ? "" : "s",
		notices_name_who(x->notices) ? "fanotify" : "inotify (fanotify is not permitted: who puts files there is told by their owner alone)", x->files,
		x->files == 1 ? "" : "s", x->w->found, x->w->enforce ? "" : "; dry run: nothing is moved");
	if (x->folders.n == 0)
		return err_set(e, ERR_NOENT, "no folder of the release list can be watched");
	return 0;
}

static void finish(struct watching *x)
{
	for (size_t i = 0; i < x->folders.n; i++) {
		close(x->folders.v[i].dir);
		free(x->folders.v[i].path);
	}
	free(x->folders.v);
	free(x->pending.v);
	lru_free(x->known);
	lru_free(x->who);
	notices_close(x->notices);
	release_quarantine_close(x->quarantine);
	release_list_free(&x->list);
}

int release_watch_run(struct release_watch *w, struct err *e)
{
	struct watching x = {.w = w};
	sigset_t ours;
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	sys_raise_files();
	int signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	int rc = signals < 0 ? err_set(e, ERR_IO, "cannot read signals: %m") : begin(&x, e);
	if (!rc && !w->once) {
		sys_notify_manager("READY=1");
		rc = loop(&x, signals, e);
	}
	if (signals >= 0)
		close(signals);
	finish(&x);
	return rc;
}
