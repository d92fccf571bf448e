/* who.c - who did it, as far as /proc still tells. */
#include "release/release.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

static size_t read_proc(int32_t pid, const char *what, char *to, size_t room)
{
	char path[64];
	size_t n = 0;
	ssize_t got;
	snprintf(path, sizeof path, "/proc/%d/%s", pid, what);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return 0;
	while (n < room - 1 && (got = read(fd, to + n, room - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	to[n] = 0;
	return n;
}

static uint32_t number_of(int32_t pid, const char *what)
{
	char text[32];
	uint64_t n;
	size_t len = read_proc(pid, what, text, sizeof text);
	return len && slice_u64(slice_trim(slice_make(text, len)), UINT32_MAX, &n) ? (uint32_t)n : UINT32_MAX;
}

/* The real user of "Uid:\treal\teffective\t...". */
static bool uid_of(int32_t pid, uint32_t *out)
{
	char text[4096];
	struct slice s = slice_make(text, read_proc(pid, "status", text, sizeof text)), word;
	ssize_t at = slice_find(s, SL("\nUid:"));
	uint64_t n;
	if (at < 0)
		return false;
	s = slice_from(s, (size_t)at + 5);
	if (!slice_word(&s, &word) || !slice_u64(word, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static void name_of(uint32_t uid, char *out, size_t n)
{
	struct passwd pw, *found = NULL;
	char room[4096];
	if (uid == UINT32_MAX)
		snprintf(out, n, "-");
	else if (getpwuid_r(uid, &pw, room, sizeof room, &found) == 0 && found && strlen(pw.pw_name) < n)
		snprintf(out, n, "%s", pw.pw_name);
	else
		snprintf(out, n, "%u", uid);
}

void release_who_of(int32_t pid, uint32_t owner, struct release_who *out)
{
	char path[64];
	*out = (struct release_who){.pid = pid, .uid = owner, .login_uid = UINT32_MAX, .session = UINT32_MAX};
	if (pid > 0 && uid_of(pid, &out->uid)) {
		out->known = true;
		out->login_uid = number_of(pid, "loginuid");
		out->session = number_of(pid, "sessionid");
		snprintf(path, sizeof path, "/proc/%d/exe", pid);
		ssize_t n = readlink(path, out->exe, sizeof out->exe - 1);
		out->exe[MAX(n, 0)] = 0;
		size_t len = read_proc(pid, "cmdline", out->command, sizeof out->command);
		for (size_t i = 0; i + 1 < len; i++)
			if (!out->command[i])
				out->command[i] = ' ';
	}
	out->gone = pid > 0 && !out->known;
	name_of(out->uid, out->user, sizeof out->user);
	name_of(out->login_uid, out->login, sizeof out->login);
}
