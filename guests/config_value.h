// SPDX-License-Identifier: BSD-2-Clause
/*
 * Between config.c (lines, sections, the table of keys) and config_value.c (what a value may be).
 * Private to them.
 */
#pragma once

#include "config.h"

#include <lib/parse.h>

enum config_section {
	SECTION_NONE, /* before the first header */
	SECTION_HOST,
	SECTION_VM,
	SECTION_POOL,
	SECTION_SKIP, /* its header was faulty: keys are not looked at */
};

struct config_parser {
	struct config *out;
	config_report report;
	void *ctx;
	u32 line; /* the one being read, from 1 */
	u32 errors;
	enum config_section section;
	struct vm_config *vm;	  /* of SECTION_VM, else NULL */
	struct pool_config *pool; /* of SECTION_POOL, else NULL */
	bool host_seen;
	u32 seen; /* bit n: row n of the table was met in this section */
};

struct config_key;

/* Reads `value` (trimmed, unquoted) into the key's field, or reports why not and leaves it. */
typedef void config_read(struct config_parser *p, const struct config_key *k, void *field,
			 struct slice value);

#define KEY_MANDATORY BIT(0)
#define KEY_REPEAT    BIT(1) /* may be given more than once */
#define KEY_RAW       BIT(2) /* the value is the rest of the line as it is, and may be empty */

struct config_key {
	const char *name;
	config_read *read;
	const char *const *choices; /* of a choice; NULL ends */
	u64 max;                    /* of a number; of a text: its size with the NUL */
	u32 min;                    /* of a number */
	u16 offset;                 /* of the field in the section's structure */
	u8 section;                 /* enum config_section */
	u8 flags;                   /* KEY_* */
};

/* Reports an error in the line being read; in a VM's section the VM is no longer valid. */
void config_fail(struct config_parser *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for another line. */
void config_fail_at(struct config_parser *p, u32 line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Up to a # or ; at the start or behind a blank, outside double quotes. */
struct slice config_without_comment(struct slice s);
/* Takes off the quotes around all of `s`; quotes around a part of it belong to the text. False: not closed. */
bool config_unquote(struct slice *s);
/* May a VM or pool be called so? */
bool config_is_name(struct slice s);
/* Begins the section of this header. */
void config_read_header(struct config_parser *p, struct slice line);
/* At the end: finds everybody's pool and checks that he fits in. */
void config_join_pools(struct config_parser *p);

/* A copy for messages: cut, control characters replaced. */
struct quote {
	char text[36];
};
struct quote config_quote(struct slice s);

/* The known word nearest to an unknown one, if any is near. Offer the known ones one by one. */
struct nearest {
	char word[36];
	const char *best;
	unsigned distance;
	char text[48]; /* empty, or "; did you mean 'memory'?" */
};
struct nearest config_nearest(struct slice word);
void config_nearest_offer(struct nearest *n, const char *known);
const char *config_nearest_text(struct nearest *n);

config_read config_read_consoles, config_read_features, config_read_word, config_read_choice;
#define CONFIG_SHARES_EACH 0x80000000u /* the number is for each vCPU */

config_read config_read_time, config_read_size, config_read_count, config_read_percent, config_read_shares,
    config_read_tsc;
config_read config_read_path, config_read_name, config_read_text, config_read_cpus, config_read_module;
