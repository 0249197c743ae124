// SPDX-License-Identifier: BSD-2-Clause
/*
 * Scalar types used everywhere. Knows nothing of hardware.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 gpa_t; /* guest-physical address */
typedef u64 hpa_t; /* host-physical address */
typedef u64 gva_t; /* guest-virtual (linear) address */

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ull << PAGE_SHIFT)

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
/* In a loop: nothing worked out from `p` is kept from one round to the next, which would take registers that cost more to save. */
#define forget(p)    __asm__("" : "+r"(p))
#define must_check   __attribute__((warn_unused_result))
/* Rare work in a file that is made fast: small itself, and kept apart, so that a path walked often needs no stack frame for it. */
#if __has_attribute(minsize)
#define rare __attribute__((noinline, cold, minsize))
#else
#define rare __attribute__((noinline, cold))
#endif

/* The structure of type `type` whose member `member` is at `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#ifndef __cplusplus
#define static_assert _Static_assert
#endif
