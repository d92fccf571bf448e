/* sshdconf.h - private to room snapshot: sshd's settings out of its configuration, without sshd. */
#ifndef POSTERN_SNAPSHOT_SSHDCONF_H
#define POSTERN_SNAPSHOT_SSHDCONF_H

#include "snapshot/snapshot_private.h"

/* A line that counts. An Include is followed by the lines of its files, each ended by SSHD_END. */
struct sshd_line {
	const char *path;
	int64_t line;
	unsigned file;                 /* number of the file's reading: an Include starts a new one */
	int setting;                   /* place in the table; SSHD_MATCH, SSHD_INCLUDE */
	struct slice *args; size_t nargs;
	struct slice text;             /* all behind the keyword, as written */
};
enum { SSHD_MATCH = -1, SSHD_INCLUDE = -2, SSHD_END = -3 };
struct sshd_conf {
	struct { struct sshd_line *v; size_t n, cap; } lines;
	bool matches;                  /* there are Match blocks */
};
/* For whom. */
struct sshd_who {
	struct slice user;
	const struct slice *groups; size_t ngroups;
	struct slice host, address;    /* "" not known: no block that asks for them matches */
};
struct sshd_value {
	const struct sshd_line *from;  /* NULL: the default */
	struct slice text;
	struct sshd_value *next;       /* another row of the same setting */
};
/* What cannot be read or is no setting is named as missing. In scratch. */
void sshd_conf_read(struct collector *c, const char *path, struct sshd_conf *out);
void sshd_conf_free(struct sshd_conf *conf);
size_t sshd_settings(void);
const char *sshd_setting_name(size_t i);
/* values: sshd_settings() of them, set to lists in scratch (NULL: no row). who NULL: whom no Match but all fits. */
void sshd_conf_effective(struct collector *c, const struct sshd_conf *conf, const struct sshd_who *who, struct sshd_value **values);
/* Match's patterns: "a*,!b" with * and ?; fold: case does not count. Addresses: networks or patterns. */
bool sshd_pattern_list(struct slice name, struct slice list, bool fold);
bool sshd_address_list(struct slice address, struct slice list);
/* "2m30s" to seconds; false: no time. */
bool sshd_seconds(struct slice s, int64_t *out);

/* ---- as the collectors use it ---------------------------------------------------------------------------------------------- */
/* The value for an account, of the rows that collect_sshd() made; "" when it is not known. */
struct slice sshd_setting(const struct collector *c, struct slice account, const char *name);

#endif
