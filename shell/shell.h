/* shell.h - postern-shell, the login shell of covered accounts: asks the gate, runs the real shell, and hands everything that is shown to the
 * service first.
 *
 *   main.c    what was asked for, the question, the end
 *   env.c     the environment of the session: made anew
 *   spawn.c   the session's own program, without the group of the recorder
 *   relay.c   between person, program and service until one of them ends
 *   sink.c    the connection to the service
 *   sftp.c    what sftp-server says about files, and their hashes
 *
 * Everything may be hostile but the service: arguments, environment, what the program prints. The process is setgid (postern-rec), so that the service knows
 * its recorder and the account's other processes cannot look into it. No connection to the service, no session.
 */
#ifndef POSTERN_SHELL_H
#define POSTERN_SHELL_H

#include "gate/gate.h"

#include <pwd.h>
#include <termios.h>

enum { SHELL_REFUSED = 253, SHELL_ENV_MAX = 40 };

struct wanted {
	enum gate_kind kind;
	const char *command;          /* KIND_COMMAND; borrowed from argv or the old environment */
	bool terminal;                /* the person has one */
	struct termios modes;
	uint16_t columns, rows;       /* never 0 */
};

/* The kept and the made variables; NULL-terminated. Owned by mem. */
void env_make(const struct passwd *who, char *const *old, struct arena *mem, char *out[static SHELL_ENV_MAX]);
/* An old variable; NULL absent. */
const char *env_get(char *const *old, const char *name);

/* ---- program ------------------------------------------------------------------------------------------------------------ */
struct program {
	pid_t pid;
	int in, out, error;           /* with a terminal in and out are one descriptor, error is -1 */
};
/* 0, or ERR_* with *e. The program runs when it returns. */
int program_start(const struct wanted *w, char *const *env, struct program *out, struct err *e);
/* Path of sftp-server on this machine; NULL none. */
const char *sftp_server(void);
/* Ends every descendant, also those that made sessions of their own: the process has to be a subreaper. */
void program_end_all(void);

/* ---- connection to the service ------------------------------------------------------------------------------------------- */
struct sink {
	int fd;
	uint64_t start, pinged, heard; /* monotonic, nanoseconds */
	bool lost;
};
void sink_start(struct sink *s, int fd);
uint64_t monotonic(void);
/* False, and `lost`, when the service does not take it within 10 s. */
bool sink_send(struct sink *s, enum record_type type, const void *p, size_t n);
/* A message when there is one: its type, text NUL-terminated. 0: none that concerns anybody. */
enum record_type sink_read(struct sink *s, char *text, size_t room);
/* Tells the service that we live; false when it has not been heard for too long. */
bool sink_care(struct sink *s);

/* ---- sftp ---------------------------------------------------------------------------------------------------------------------- */
struct sftp_log {
	char line[4096];
	size_t n;
	bool skip;                    /* rest of a line that is too long */
};
/* What sftp-server wrote to its log: whole lines go to the service, files that were written with their SHA-256. False: sink lost. */
bool sftp_log_feed(struct sftp_log *l, struct slice bytes, struct sink *s);

/* Relays until the end; the exit status of the session. */
int relay_run(const struct wanted *w, const struct program *p, struct sink *s);
/* To the person, on a line of its own; control bytes are left out. */
void say(bool terminal, const char *text);

#endif
