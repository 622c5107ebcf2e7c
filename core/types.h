/* SPDX-License-Identifier: BSD-3-Clause */
/* Integer types of the core. */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

/*
 * Does not compile unless `condition` holds; `name` says what must hold. (The provers' C
 * front end has no _Static_assert.)
 */
#define STATIC_ASSERT(name, condition) typedef char name[(condition) ? 1 : -1]

#endif
