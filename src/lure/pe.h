/* pe.h - private to room lure: what a PE file says of itself. */
#ifndef POSTERN_LURE_PE_H
#define POSTERN_LURE_PE_H

#include "lure/lure_private.h"

enum signature { SIGNATURE_NONE, SIGNATURE_GOOD /* of this file, and unchanged */, SIGNATURE_BROKEN, SIGNATURE_UNREADABLE };
struct pe {
	struct slice bytes;
	size_t header;                    /* of "PE\0\0" */
	size_t checksum, security;        /* offsets of the field and of the directory entry */
	size_t table, table_size;         /* the certificates: offset and size in the file */
	bool dll;
	struct slice company, product, original, description; /* of the version information, UTF-8 */
};
bool pe_read(struct lure *l, struct slice bytes, struct pe *out);
/* Authenticode ("Windows Authenticode Portable Executable Signature Format", 2008): does the signature fit these bytes, and whose is it. No store of roots is asked. */
struct pe_signer { struct slice subject, issuer; bool self_signed, timestamped; };
enum signature pe_signature(struct lure *l, const struct pe *p, struct pe_signer *out);

#endif
