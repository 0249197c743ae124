// SPDX-License-Identifier: BSD-2-Clause
/*
 * plinth.conf as a structure (docs/CONFIG.md describes the file). Used by the hypervisor to create
 * VMs and by the UEFI program to learn which files to read; so it links against lib/ only (the two
 * service headers give constants). No allocation, no pointers inside: a struct config may be
 * copied.
 */
#pragma once

#include <core/service/boot_info.h>
#include <core/service/log.h>
#include <lib/types.h>

#define CONFIG_VMS_MAX      16
#define CONFIG_POOLS_MAX    16
#define CONFIG_POOL_DEPTH   8 /* pools in pools in ... */
#define CONFIG_NO_POOL      0xffffffffu
#define CONFIG_NAME_MAX     32 /* these: bytes with the NUL */
#define CONFIG_WORD_MAX     20
#define CONFIG_PATH_MAX     BOOT_PATH_MAX
#define CONFIG_CMDLINE_MAX  1024
#define CONFIG_ARGS_MAX     128
#define CONFIG_MODULES_MAX  8
#define CONFIG_CONSOLES_MAX 4
#define CONFIG_FEATURES_MAX 40
#define CONFIG_PCPUS_MAX    BOOT_CPUS_MAX
#define CONFIG_VCPUS_MAX    128
#define CONFIG_MEMORY_MIN   (2 * MIB)
#define CONFIG_MEMORY_MAX   (1024 * GIB)
#define CONFIG_ERRORS_MAX   64 /* reports of one file; the rest is only counted */

enum config_console_kind {
	CONSOLE_SERIAL,
	CONSOLE_FRAMEBUFFER,
};

struct config_consoles {
	u32 count; /* 0: `none` */
	struct config_console {
		u32 kind; /* enum config_console_kind */
		u32 baud; /* CONSOLE_SERIAL */
		u16 port; /* CONSOLE_SERIAL */
	} item[CONFIG_CONSOLES_MAX];
};

/* What the operator wants used or not used, whatever the machine has. */
struct config_features {
	u32 count;
	struct config_feature {
		char name[CONFIG_WORD_MAX];
		bool on;
	} item[CONFIG_FEATURES_MAX];
};

struct host_config {
	struct config_consoles consoles;
	struct config_features features;
	u32 loglevel;                    /* enum log_level */
	char scheduler[CONFIG_WORD_MAX]; /* a policy of sched/ */
	u64 slice;                       /* ns */
	u32 fail_alloc; /* debug builds: so many allocations of each VM's creation fail, one after the other */
};

struct config_modules {
	u32 count;
	struct config_module {
		char path[CONFIG_PATH_MAX];
		char args[CONFIG_ARGS_MAX];
	} item[CONFIG_MODULES_MAX];
};

/* A frequency that not every machine can give, so the refusal comes later. */
struct config_tsc {
	u32 mhz;  /* 0: the host's */
	u32 line; /* of the key */
};

/* What a guest's reboot does. */
enum config_restart {
	RESTART_ON_REBOOT, /* starts it anew */
	RESTART_NEVER,     /* ends it, as power-off does */
	RESTART_ALWAYS,    /* starts it anew, and so does a triple fault */
};

enum config_testdev {
	TESTDEV_NO,
	TESTDEV_YES, /* the devices that test suites for QEMU's PC expect */
};

enum config_hpet {
	HPET_YES,
	HPET_NO,
};

enum config_gang {
	GANG_NO,
	GANG_YES, /* its vCPUs advance together */
};

struct vm_config {
	char name[CONFIG_NAME_MAX];
	bool valid; /* false: an error was reported, do not start it */
	u32 line;   /* of the section's header */
	char kernel[CONFIG_PATH_MAX];
	char initrd[CONFIG_PATH_MAX]; /* empty: none */
	char cmdline[CONFIG_CMDLINE_MAX];
	u64 memory; /* bytes, a multiple of the page size */
	u32 vcpus;
	struct config_tsc tsc;
	u32 restart;                     /* enum config_restart */
	u32 testdev;                     /* enum config_testdev */
	u32 hpet;                        /* enum config_hpet */
	u64 cpus[CONFIG_PCPUS_MAX / 64]; /* bit n: may run on pCPU n */
	u32 shares;                      /* of all its vCPUs; 0: normal ones */
	u32 priority;                    /* for the scheduler `fixed` */
	u32 reservation, limit;          /* % of a pCPU; limit 0: none */
	u32 gang;                        /* enum config_gang */
	char pool[CONFIG_NAME_MAX];      /* empty: none */
	u32 pool_line;                   /* of that key */
	u32 parent;                      /* its number in struct config, or CONFIG_NO_POOL */
	struct config_modules modules;
};

/* What VMs and other pools divide. */
struct pool_config {
	char name[CONFIG_NAME_MAX];
	bool valid; /* false: an error was reported, nobody in it starts */
	u32 line;   /* of the section's header */
	u32 shares;
	u32 reservation, limit;          /* % of a pCPU; limit 0: none */
	u32 reserved;                    /* % that its members have of it */
	u64 cpus[CONFIG_PCPUS_MAX / 64]; /* bit n: all in it may run on pCPU n */
	char pool[CONFIG_NAME_MAX];      /* the one around it; empty: none */
	u32 pool_line;                   /* of that key */
	u32 parent;                      /* its number, or CONFIG_NO_POOL */
};

struct config {
	struct host_config host;
	struct vm_config vm[CONFIG_VMS_MAX];
	u32 vm_count; /* the invalid ones too */
	struct pool_config pool[CONFIG_POOLS_MAX];
	u32 pool_count; /* the same */
};
static_assert(sizeof(struct config) < 64 * KIB, "a static object of a modest size");

/* One complete line without a newline: "plinth.conf:7: vm "web": unknown key 'memry'; did you mean
 * 'memory'?" */
typedef void (*config_report)(void *ctx, const char *message);

/*
 * Fills `c` from any bytes whatever and returns the number of errors. The result is usable with
 * errors too: a faulty line of [host] leaves its default, a faulty [vm] is not valid.
 */
u32 config_parse(const char *text, size_t len, struct config *c, config_report report, void *ctx);
/* Calls fn for every file that a valid VM names, each path once. */
void config_for_each_file(const struct config *c, void (*fn)(void *ctx, const char *path),
			  void *ctx);
