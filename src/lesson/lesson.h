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

/* ---- progress ------------------------------------------------------------------------------------------------------------------------------------
 * Who has learnt what: of each learner only what is needed to go on, and what the organisation must show. Numbers of a team are given from TEAM_LEAST people on, never
 * of one person but to that person. Calls that change something are one transaction each. Slices handed to callbacks live during the callback. */
struct lesson_book;
/* make: the file is made; else ERR_NOENT. The folder of path must exist. */
struct lesson_book *lesson_book_open(const char *path, bool make, struct err *e);
void lesson_book_close(struct lesson_book *b);

struct lesson_learner {
	struct slice user;             /* login name of the console */
	struct slice shown, mail, team;
	struct slice roles;            /* of org.yaml, blank-separated */
	enum lure_language language;   /* LURE_LANGUAGES, when it is put: not known, what is there stays */
	nstime seen;                   /* NSTIME_NONE: never was there */
};
typedef int lesson_learner_fn(void *arg, const struct lesson_learner *l);
int lesson_learners(struct lesson_book *b, lesson_learner_fn *fn, void *arg, struct err *e); /* by name */
int lesson_learner_get(struct lesson_book *b, struct slice user, struct arena *a, struct lesson_learner *out, struct err *e); /* ERR_NOENT */
/* Adds, or changes what is given (empty texts leave what is there). ERR_RANGE: no such name, too long. */
int lesson_learner_put(struct lesson_book *b, const struct lesson_learner *l, struct err *e);
/* All of them or none; *wrong: which one it was. */
int lesson_learners_put(struct lesson_book *b, const struct lesson_learner *v, size_t n, size_t *wrong, struct err *e);
/* Somebody uses the console: known from now on. Writes only when something is new, or once a day. */
int lesson_learner_meet(struct lesson_book *b, const struct lesson_learner *l, nstime now, struct err *e);
/* Everything about a person, certificates too. ERR_NOENT. */
int lesson_forget(struct lesson_book *b, struct slice user, struct err *e);
/* Results, answers and what has run out for more than `months`; people who were not seen for so long and have nothing that holds. *gone: rows. */
int lesson_expire(struct lesson_book *b, nstime now, unsigned months, int64_t *gone, struct err *e);
bool lesson_has_role(struct slice roles, struct slice role);
bool lesson_is_for(const struct lesson *u, struct slice roles); /* its audience: else it is optional */
nstime lesson_months_after(nstime t, unsigned months);          /* the same day, or the month's last */

/* ---- assignments */
enum lesson_for { FOR_ALL, FOR_TEAM, FOR_ROLE, FOR_USER };
struct lesson_assignment { struct slice unit; enum lesson_for kind; struct slice target /* "" for all */; nstime due, made; struct slice by; };
/* One per unit and target: a second one changes the date. */
int lesson_assign(struct lesson_book *b, const struct lesson_assignment *a, struct err *e);
int lesson_unassign(struct lesson_book *b, const struct lesson_assignment *a, struct err *e); /* ERR_NOENT */
typedef int lesson_assignment_fn(void *arg, const struct lesson_assignment *a);
int lesson_assignments(struct lesson_book *b, lesson_assignment_fn *fn, void *arg, struct err *e);

/* ---- one learner, one unit */
struct lesson_certificate {
	char id[28];                   /* "PL-XXXXX-XXXXX-XXXXX-XXXXX" */
	struct slice user, shown, unit;
	nstime issued, until;          /* 12 months */
	nstime refresh_due[2], refresh_done[2]; /* two exercises each, at +4 and +8 months */
};
struct lesson_progress {
	uint64_t parts;                /* bit: part of the unit that is done */
	size_t ndone;
	nstime completed;              /* NSTIME_NONE: not, or it has run out */
	nstime due;                    /* of an assignment that is not done; NSTIME_NONE none */
	bool lapsed;                   /* was completed, longer than 12 months ago */
	struct lesson_certificate certificate; /* id "": none that holds; user, shown, unit not set */
};
int lesson_progress(struct lesson_book *b, const struct lesson *u, struct slice user, nstime now, struct lesson_progress *out, struct err *e);

/* What came of a part. A part that is only read has none of it. */
struct lesson_result {
	bool right;                                      /* question */
	unsigned stop, flags, flags_all;                 /* conversation: 0-5; warning signs noticed, of how many */
	bool reported, benign, sound;                    /* sound: no answer was unsafe; a benign one that is not: over-suspicion */
	unsigned hits, misses, alarms, quiet;            /* exhibit: wrong ones marked, not marked; sound ones marked, not marked */
};
/* Part `part` of the unit is done (r NULL: read). Repetition, completion, certificate, refresh follow. *finished: the unit is complete with it. */
int lesson_done(struct lesson_book *b, const struct lesson *u, size_t part, struct slice user, const struct lesson_result *r, nstime now, bool *finished, struct err *e);

/* ---- repetition: a question answered right comes back after 2, 7, 30, 90 days and each 90 days then; wrong: it begins again */
enum { LESSON_STEPS = 4 };
int lesson_practised(struct lesson_book *b, const struct lesson *u, const struct lesson_question *q, struct slice user, bool right, nstime now, struct err *e);
struct lesson_repeat { const struct lesson *unit; const struct lesson_question *question; nstime due; bool weekly; };
/* What is due, oldest first, at most `most`; when nothing is, and nothing was answered this week, one question whose last answer is longest ago. Returns how many, or ERR_*. */
ssize_t lesson_due(struct lesson_book *b, const struct lessons *l, const struct lesson_learner *who, nstime now, struct lesson_repeat *out, size_t most, struct err *e);
/* Days until it comes back; -1: it was never answered. */
int lesson_comes_back(struct lesson_book *b, struct slice unit, struct slice question, struct slice user, nstime now, int *days, struct err *e);

/* ---- certificates */
int lesson_certificate(struct lesson_book *b, struct slice id, struct arena *a, struct lesson_certificate *out, struct err *e); /* ERR_NOENT */
/* For who checks the organisation: each assignment of each person, and what was completed without one. No answers. */
struct lesson_record {
	struct slice user, shown, team, unit;
	nstime assigned, due, completed;   /* NSTIME_NONE: not */
	struct lesson_certificate certificate; /* id "": none */
};
typedef int lesson_record_fn(void *arg, const struct lesson_record *r);
int lesson_export(struct lesson_book *b, lesson_record_fn *fn, void *arg, struct err *e);
/* People with a unit completed that holds. */
int lesson_taught(struct lesson_book *b, nstime now, lesson_learner_fn *fn, void *arg, struct err *e);

/* ---- teams */
struct lesson_team {
	struct slice name;             /* "" no team */
	bool all;                      /* everybody: last */
	unsigned people;
	bool shown;                    /* false: fewer than TEAM_LEAST people; nothing else is set */
	unsigned assigned, done, overdue; /* pairs of person and assigned unit */
	bool talk_shown, spot_shown, answer_shown; /* so many people took part, too */
	unsigned stop[6], talks, reported, benign, suspicious; /* first tries of conversations: where they stopped, who reported; of benign ones: refused all the same */
	unsigned hits, misses, alarms, quiet; /* first tries of exhibits */
	double sensitivity, bias;      /* d' and c of signal detection, with half a case added to each cell; 0 when there are none */
	unsigned answers, right;
};
typedef int lesson_team_fn(void *arg, const struct lesson_team *t);
int lesson_teams(struct lesson_book *b, nstime now, lesson_team_fn *fn, void *arg, struct err *e);
/* What a learner did, for himself alone: assigned, done, overdue are not counted, `shown` is not set. */
int lesson_own(struct lesson_book *b, struct slice user, struct lesson_team *out, struct err *e);
void lesson_team_json(const struct lesson_team *t, struct buf *out); /* one object; what is hidden is not in it */
/* d' and c of counts: also for one learner, to himself. */
void lesson_sensitivity(unsigned hits, unsigned misses, unsigned alarms, unsigned quiet, double *d, double *c);

#endif
