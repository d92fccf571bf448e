/* sshkey.h - private to room snapshot: SSH's own formats. Pure functions over hostile bytes. */
#ifndef POSTERN_SNAPSHOT_SSHKEY_H
#define POSTERN_SNAPSHOT_SSHKEY_H

#include "core/core.h"

enum { SSHKEY_BLOB_MAX = 64 << 10, SSHKEY_NAMES_MAX = 256 /* principals of a certificate, as OpenSSH */, SSHKEY_FINGERPRINT = 60, SSHKEY_FILE_MAX = 256 << 10 };

/* A public key or a certificate, out of its blob. Slices point into the blob. */
struct sshkey {
	const char *type;              /* of the key itself, also in a certificate: "ssh-ed25519" */
	int64_t bits;
	char fingerprint[SSHKEY_FINGERPRINT]; /* "SHA256:..." of the key itself */
	bool certificate, host;        /* the rest is of the certificate */
	char authority[SSHKEY_FINGERPRINT];
	uint64_t serial, from, until;  /* until UINT64_MAX: for ever */
	struct slice key_id;
	struct slice principals[SSHKEY_NAMES_MAX]; size_t nprincipals;
	struct slice options[64]; size_t noptions; /* "force-command", "permit-pty" ...; those with a value: in option_values */
	struct slice option_values[64];
};
/* NULL, or why it is no key (static). */
const char *sshkey_blob(struct slice blob, struct sshkey *out);
/* "TYPE BASE64[ COMMENT]": the blob goes to `blob`. NULL or why not. A line of a .pub file, and what is left of an authorized_keys line behind its options. */
const char *sshkey_line(struct slice line, struct buf *blob, struct sshkey *out, struct slice *comment);
/* Is it the name of a type of keys that OpenSSH knows ("ssh-rsa", "sk-ssh-ed25519-cert-v01@openssh.com")? */
bool sshkey_type(struct slice name);

/* ---- private keys ---------------------------------------------------------------------------------------------------------- */
struct sshkey_private {
	const char *format;            /* static: "openssh", "pem", "pkcs8", "putty" */
	char type[48];                 /* "" where only the passphrase would tell it */
	int64_t bits;                  /* 0 not known */
	bool encrypted;
	char fingerprint[SSHKEY_FINGERPRINT]; /* "" not known */
	char comment[256];
};
/* Is this file a private key? False: it is not. Nothing of the secret part is kept. */
bool sshkey_private(struct slice file, struct sshkey_private *out);

/* ---- authorized_keys --------------------------------------------------------------------------------------------------------- */
struct sshkey_options {
	struct slice text;             /* as written */
	bool restricted, pty, forwarding, agent, authority, verify_required;
	struct buf from, command, expires; /* unquoted; sshkey_options_free */
	struct buf principals;         /* names with commas */
};
/* Takes the options off the front of a line, as sshd does: quotes, \" in them, a comma between, the later of two that contradict counts. NULL or why not. */
const char *sshkey_options(struct slice *line, struct sshkey_options *out);
void sshkey_options_free(struct sshkey_options *o);

/* ---- hashed known_hosts -------------------------------------------------------------------------------------------------------- */
enum { SSHKEY_SHA1 = 20 };
/* Is `name` what "|1|SALT|HASH" was made of (HMAC-SHA1)? */
bool sshkey_hashed_is(struct slice entry, struct slice name);
bool sshkey_is_hashed(struct slice entry);
void sshkey_sha1(const void *p, size_t n, uint8_t out[static SSHKEY_SHA1]);

#endif
