/* sshdtable.h - the table of sshd's settings, for the files that read its configuration. */
#ifndef POSTERN_SNAPSHOT_SSHDTABLE_H
#define POSTERN_SNAPSHOT_SSHDTABLE_H

#include "snapshot/sshdconf.h"

enum sshd_kind {
	APPEND,       /* every argument of every line a row */
	FIRST,        /* every argument of the first line a row */
	LINES,        /* every line a row */
	JOINED,       /* the first line's arguments, one row */
	PORTS,        /* the same, of ports */
	VERBATIM,     /* the first line as written, one row */
	TEXT,         /* the first argument of the first line */
	LISTED,       /* the same; + - ^ in front change the default list */
	WORD, UPPER, YESNO, ROOT, FORWARDING, COMPRESSION, /* the same, in the form sshd prints */
	SECONDS, SECONDS_NONE,
};
struct sshd_table {
	const char *name;
	enum sshd_kind kind;
	bool match;
	const char *none;  /* default */
};
enum { SSHD_UNKNOWN = -10, SSHD_IGNORED = -11 };
extern const struct sshd_table sshd_table[];
/* Place in the table, SSHD_MATCH, SSHD_INCLUDE, SSHD_IGNORED or SSHD_UNKNOWN. */
int sshd_find(const char *keyword);

#endif
