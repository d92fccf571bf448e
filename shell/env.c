/* env.c - the environment of the session. What sshd, PAM and the account's files put together could run a program of the person's (BASH_ENV, LD_PRELOAD) or
 * speak to one: it is made anew, and the few variables that are kept must look like what they are for. */
#include "shell.h"

#include <stdlib.h>

const char *env_get(char *const *old, const char *name)
{
	size_t n = strlen(name);
	for (; old && *old; old++)
		if (strncmp(*old, name, n) == 0 && (*old)[n] == '=')
			return *old + n + 1;
	return NULL;
}

static bool made_of(const char *value, const char *also)
{
	size_t n = strlen(value);
	if (n == 0 || n > 128)
		return false;
	for (const char *c = value; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr(also, *c)))
			return false;
	return true;
}

static char *pair(struct arena *mem, const char *name, const char *value)
{
	struct buf b = {0};
	buf_addf(&b, "%s=%s", name, value);
	char *p = arena_alloc(mem, b.n + 1);
	memcpy(p, b.p, b.n);
	p[b.n] = 0;
	buf_free(&b);
	return p;
}

void env_make(const struct passwd *who, char *const *old, struct arena *mem, char *out[static SHELL_ENV_MAX])
{
	/* No slash where a library would take a path (TERM, locales). */
	static const struct { const char *name, *also; } kept[] = {
		{"TERM", "+._-"}, {"LANG", "@._-"}, {"LC_ALL", "@._-"}, {"LC_ADDRESS", "@._-"}, {"LC_COLLATE", "@._-"}, {"LC_CTYPE", "@._-"}, {"LC_IDENTIFICATION", "@._-"},
		{"LC_MEASUREMENT", "@._-"}, {"LC_MESSAGES", "@._-"}, {"LC_MONETARY", "@._-"}, {"LC_NAME", "@._-"}, {"LC_NUMERIC", "@._-"}, {"LC_PAPER", "@._-"},
		{"LC_TELEPHONE", "@._-"}, {"LC_TIME", "@._-"}, {"SSH_CONNECTION", " .:%_-"}, {"SSH_TTY", "/"},
	};
	_Static_assert(ARRAY_LEN(kept) + 6 < SHELL_ENV_MAX, "room for all");
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		const char *value = env_get(old, kept[i].name);
		if (value && made_of(value, kept[i].also))
			out[n++] = pair(mem, kept[i].name, value);
	}
	out[n++] = pair(mem, "HOME", who->pw_dir);
	out[n++] = pair(mem, "USER", who->pw_name);
	out[n++] = pair(mem, "LOGNAME", who->pw_name);
	out[n++] = pair(mem, "SHELL", "/bin/bash"); /* editors start $SHELL: within this recording, not in one of its own */
	out[n++] = pair(mem, "PATH", "/usr/local/bin:/usr/bin:/bin");
	out[n] = NULL;
}
