/* contacts_private.h - between counterparts and own accounts. */
#ifndef POSTERN_CONTACTS_PRIVATE_H
#define POSTERN_CONTACTS_PRIVATE_H

#include "contacts/contacts.h"
#include "vault/vault.h"

struct contacts { struct vault *vault; nstime now; };

/* own.c: what is unusual for the account; then what it did is remembered. */
int own_judge(struct contacts *c, const struct contact_mail *m, struct contact_signs *out, struct err *e);
int own_learn(struct contacts *c, const struct contact_mail *m, struct err *e);

#endif
