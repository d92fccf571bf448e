/* lesson.h - education: content as data (YAML and Markdown, lessons/), and who has learnt what.
 *
 *   content   lessons_load() reads and checks a folder; errors with file:line:column; what is wrong in one unit never takes the others away
 *   book      progress in one SQLite file (room vault): parts done, answers, when a question comes back (2, 7, 30, 90 days), assignments, certificates
 *
 * Sources: research/lure.md 6.3. Nothing here sends anything, and nothing counts clicks; numbers of teams below TEAM_LEAST people are not given.
 * Threads: struct lessons is read-only after loading; one at a time per struct lesson_book.  Errors: ERR_* with *e.
 */
#ifndef POSTERN_LESSON_H
#define POSTERN_LESSON_H

#include "core/core.h"
#include "lure/lure.h"

enum { TEAM_LEAST = 8 };
struct lesson_text { struct slice in[LURE_LANGUAGES]; };          /* plain text */
struct lesson_source { struct slice id, title, url, date; };
struct lesson_choice { struct lesson_text text, because; bool right; };
struct lesson_question { struct slice id; struct lesson_text text; const struct lesson_choice *choices; size_t nchoices; };
/* A conversation: a node is a message (or several), the learner chooses, time passes. */
struct lesson_option { struct lesson_text text; uint32_t to; /* node; UINT32_MAX the end */ struct lesson_text consequence; bool safe; bool report; };
struct lesson_node { struct slice id, speaker; struct lesson_text when /* "Week 3" */, text; const struct lesson_option *options; size_t noptions; const struct lesson_text *flags; size_t nflags; /* red flags, shown afterwards */
	unsigned stop; /* 1 early ... 5 too late; 0 none */ };
struct lesson_conversation { struct slice id; struct lesson_text title, end; bool benign; const struct lesson_node *nodes; size_t nnodes; uint32_t start; };
/* A mail, profile or file shown inertly; regions the learner marks. */
struct lesson_region { struct slice id; struct lesson_text label /* "From" */, text; bool wrong; struct lesson_text because; };
struct lesson_exhibit { struct slice id, kind /* "mail", "profile", "file" */; struct lesson_text title; const struct lesson_region *regions; size_t nregions; bool benign; unsigned difficulty; };
enum lesson_part_kind { PART_READ, PART_CONVERSATION, PART_SPOT, PART_QUESTION };
struct lesson_part { struct slice id; enum lesson_part_kind kind; struct lesson_text title; struct slice html[LURE_LANGUAGES]; /* PART_READ: safe HTML made of Markdown */ const struct lesson_conversation *conversation; const struct lesson_exhibit *exhibit; const struct lesson_question *question; };
struct lesson {
	struct slice id;                   /* "is-this-recruiter-real" */
	unsigned order, minutes;
	struct slice *audience; size_t naudience; /* roles of org.yaml; none: everybody */
	struct lesson_text title, summary;
	struct slice *words; size_t nwords; /* indicators and combinations this unit explains: teachable moments */
	const struct lesson_source *sources; size_t nsources;
	const struct lesson_part *parts; size_t nparts;
	const struct lesson_question *questions; size_t nquestions; /* also those that are no part: they come in practice */
};
struct lessons;
struct lesson_problem { struct slice file; int line, column; bool error; struct slice text; };
/* NULL only when the folder cannot be read. */
struct lessons *lessons_load(const char *folder, struct err *e);
void lessons_free(struct lessons *l);
size_t lessons_all(const struct lessons *l, const struct lesson **out); /* by order */
const struct lesson *lessons_find(const struct lessons *l, struct slice id);
const struct lesson *lessons_for_word(const struct lessons *l, const char *indicator); /* NULL: none explains it */
size_t lessons_problems(const struct lessons *l, const struct lesson_problem **out);

/* ---- progress: the owner of the room completes this ---------------------------------------------------------------------------------------- */
struct lesson_book;
struct lesson_book *lesson_book_open(const char *path, bool make, struct err *e);
void lesson_book_close(struct lesson_book *b);

#endif
