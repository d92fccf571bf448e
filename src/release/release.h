/* release.h - what goes to many machines goes only when two people signed it.
 *
 *   list       /etc/postern/release.yaml: who may sign, which folders are looked after, what is exempt, where the rest goes
 *   manifest   the bytes that are signed: name, folder, size, SHA-256, signed, until, signer; kept in FILE.sig.ID beside the file
 *   judge      a file in a folder is in order or not, and why
 *   quarantine what is not in order is moved there; listed, restored, deleted
 *   watch      the folders go on being looked at: fanotify(7), else inotify(7)
 *
 * Signatures are SSHSIG, made and verified by ssh-keygen(1); nothing of that is done here.
 * Threads: one at a time per struct.  Errors: ERR_* with *e. What cannot be checked is not in order.
 */
#ifndef POSTERN_RELEASE_H
#define POSTERN_RELEASE_H

#include "chain/chain.h"
#include "core/core.h"

#define RELEASE_NAMESPACE "postern-release"
#define RELEASE_LIST_FILE "/etc/postern/release.yaml"
enum {
	RELEASE_NEEDED = 2,             /* people; not a setting */
	RELEASE_PEOPLE_MAX = 64,        /* each may cost a run of ssh-keygen for a file */
	RELEASE_KEYS_MAX = 16,          /* of one person */
	RELEASE_SIGNATURE_MAX = 16384,  /* bytes of FILE.sig.ID; RSA with 16384 bits has about 6,000 */
	RELEASE_NAME_MAX = 255,
};

/* ---- list -------------------------------------------------------------------------------------------------------------- */
struct release_key {
	struct slice type, blob;           /* "ssh-ed25519", base64 */
	char fingerprint[64];              /* "SHA256:..." as ssh-keygen prints it */
};
struct release_person {
	struct slice id, name, principal;
	struct release_key *keys;
	size_t nkeys;
	bool revoked;                      /* what they signed counts no more */
};
struct release_list {
	struct arena mem;
	struct release_person *people;
	size_t npeople;
	struct slice *folders, *exempt;    /* absolute; patterns of names, as of fnmatch(3) */
	size_t nfolders, nexempt;
	struct slice quarantine;
	nstime validity;                   /* a signature says it holds at most so long */
	nstime unfinished;                 /* a file may be written for so long */
	nstime rescan;                     /* everything is looked at again */
	uint64_t size_most;
};
/* Reads and checks a list. ERR_SYNTAX, ERR_TYPE, ERR_DUP (one key, principal or name for two people) ... with file:line:column.
 * release_list_free() also after an error. The file itself must belong to root or to the caller, and be writable by nobody else: ERR_PERM. */
int release_list_load(const char *path, struct release_list *out, struct err *e);
int release_list_read(struct slice yaml, const char *file, struct release_list *out, struct err *e);
void release_list_free(struct release_list *l);
const struct release_person *release_person(const struct release_list *l, struct slice id);
/* Whose key is it? line: of a .pub file. ERR_NOENT, ERR_SYNTAX. */
int release_key_owner(const struct release_list *l, struct slice line, const struct release_person **out, struct err *e);
bool release_is_exempt(const struct release_list *l, struct slice name);
/* The folder of the list that path is or lies in; SLICE_NONE none. */
struct slice release_folder_of(const struct release_list *l, struct slice path);

/* ---- manifest ---------------------------------------------------------------------------------------------------------- */
struct release_manifest {
	struct slice name, folder;         /* last part of the path; the folder it is released to */
	uint64_t size;
	char sha256[65];
	nstime signed_at, until;           /* whole seconds */
	struct slice signer;               /* id of a person */
};
/* The bytes that are signed. */
void release_manifest_write(const struct release_manifest *m, struct buf *out);
/* A signature file: manifest, then "-----BEGIN SSH SIGNATURE-----" ... Only what release_manifest_write() would write is taken, byte for byte.
 * Texts live in a; *message (what was signed) and *armour are borrowed from file. ERR_SYNTAX, ERR_LIMIT. */
int release_signature_read(struct slice file, struct arena *a, struct release_manifest *m, struct slice *message, struct slice *armour, struct err *e);
/* Bytes of paths as one word without blanks: %XX for what is not printable ASCII, for % and ". */
void release_word(struct buf *b, struct slice path);

/* ---- ssh-keygen -------------------------------------------------------------------------------------------------------- */
/* Signs message with key (private, or public with an agent that holds the other half); may ask for a passphrase or a touch on the terminal. The
 * armour goes to out. */
int release_sign(const char *key, struct slice message, struct buf *out, struct err *e);
/* Is the armour this person's signature of message? 0, and the fingerprint of the key. ERR_PERM: no, and *e says what ssh-keygen said. */
int release_verify(const struct release_person *p, struct slice message, struct slice armour, char fingerprint[static 64], struct err *e);
/* SHA-256 of what fd reads from its beginning, at most most bytes. ERR_LIMIT beyond, or after 30 minutes. */
int release_hash(int fd, uint64_t most, uint64_t *size, char hex[static 65], struct err *e);

/* ---- judge --------------------------------------------------------------------------------------------------------------- */
#define RELEASE_VERDICTS(X)                                                                                                   \
	X(RELEASE_GOOD, "signed", "signed by two people")                                                                     \
	X(RELEASE_EXEMPT, "exempt", "exempt by the list")                                                                     \
	X(RELEASE_SIGNATURE, "signature", "a signature file")                                                                 \
	X(RELEASE_UNSIGNED, "unsigned", "nobody's valid signature")                                                           \
	X(RELEASE_ONE, "one-signature", "the valid signature of one person only")                                             \
	X(RELEASE_DIFFERS, "differs", "not what was signed")                                                                  \
	X(RELEASE_KIND, "not-a-file", "not a plain file")                                                                     \
	X(RELEASE_LINKED, "linked", "the file has other names (hard links)")                                                  \
	X(RELEASE_LARGE, "too-large", "too large to be checked")                                                              \
	X(RELEASE_CHANGED, "changed", "changed while it was checked")                                                         \
	X(RELEASE_WRITTEN, "written-to", "written to after it was released")                                                  \
	X(RELEASE_UNFINISHED, "unfinished", "still being written")                                                            \
	X(RELEASE_FAULT, "unchecked", "could not be checked")                                                                 \
	X(RELEASE_GONE, "gone", "not there any more")
enum release_verdict {
#define X(id, word, text) id,
	RELEASE_VERDICTS(X)
#undef X
};
const char *release_verdict_word(enum release_verdict v);
const char *release_verdict_text(enum release_verdict v);
/* Signed, exempt or a signature file. */
bool release_in_order(enum release_verdict v);
struct release_claim {
	const struct release_person *person;
	bool good;
	nstime signed_at, until;
	char fingerprint[64];
	char why[160];                     /* not good: why */
};
struct release_judgement {
	enum release_verdict verdict;
	char detail[200];                  /* more of the reason; may be empty */
	struct release_claim claims[RELEASE_PEOPLE_MAX]; /* people of the list with a signature file beside it */
	size_t nclaims;
	uint64_t size;
	char sha256[65];                   /* "" when it was not read: files nobody signed are not */
	uint64_t dev, ino;
	uint32_t mode, uid;
	nstime until;                      /* RELEASE_GOOD: the earlier end of the two signatures */
};
/* Judges the entry name of the opened folder dir, which is called folder. Nothing is changed; a FIFO, a device or a link is not opened. */
void release_judge(const struct release_list *l, int dir, struct slice folder, const char *name, nstime now, struct release_judgement *out);

/* ---- quarantine ------------------------------------------------------------------------------------------------------------ */
struct release_who {
	bool known;                        /* by the process that did it; else only the owner of the file */
	bool gone;                         /* the process had ended when it was looked at */
	int32_t pid;
	uint32_t uid, login_uid, session;  /* UINT32_MAX none */
	char user[64], login[64];          /* names, or numbers */
	char exe[256], command[512];
};
/* From /proc/PID; pid 0 or gone: the owner. */
void release_who_of(int32_t pid, uint32_t owner, struct release_who *out);

struct release_quarantine;
/* The folder is made (0700) when it is not there. ERR_PERM: it belongs to somebody else, or others may write. NULL with *e. */
struct release_quarantine *release_quarantine_open(const char *path, struct err *e);
void release_quarantine_close(struct release_quarantine *q);
/* Moves the entry away, whatever is there by now, and says under which id. The record is on the disk before the file moves. Where it cannot be
 * moved, a plain file loses every mode bit instead and *e says why it failed. *replaced: it was not any more what had been judged. */
int release_quarantine_take(struct release_quarantine *q, int dir, struct slice folder, const char *name, const struct release_judgement *j,
	const struct release_who *who, nstime now, char id[static 40], bool *replaced, struct err *e);
/* What is there: fn gets id and record (a JSON object; "{}" when it was lost). Oldest first. */
typedef void release_kept_fn(void *arg, const char *id, struct slice record, bool has_file);
int release_quarantine_each(struct release_quarantine *q, release_kept_fn *fn, void *arg, struct err *e);
/* Where it came from; the texts live in a. ERR_NOENT. */
int release_quarantine_origin(struct release_quarantine *q, const char *id, struct arena *a, struct slice *folder, struct slice *name, struct err *e);
/* Back to its folder (to NULL), when it is in order there by the list: ERR_PERM else. Or to the new file `to`, outside the folders of the list. */
int release_quarantine_restore(struct release_quarantine *q, const struct release_list *l, const char *id, const char *to, nstime now, struct err *e);
int release_quarantine_delete(struct release_quarantine *q, const char *id, struct err *e);

/* ---- watch ------------------------------------------------------------------------------------------------------------------- */
struct release_watch {
	const char *list_file;
	const char *const *folders;        /* NULL-terminated; none: those of the list */
	struct chain *audit;               /* NULL: not written */
	bool enforce;                      /* else only told */
	bool once;                         /* what lies there, then the end */
	bool no_fanotify;                  /* inotify at once */
	void (*tell)(void *arg, bool finding, const char *line); /* a line in the documented form; finding: of a file, else about the watch itself */
	void *arg;
	size_t found;                      /* out: files not in order */
};
/* Until SIGTERM or SIGINT, which it blocks and reads; SIGHUP reads the list anew (a wrong one is told and the old one stays). */
int release_watch_run(struct release_watch *w, struct err *e);

#endif
