/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations that only look. */
#include <stdio.h>

#include "arch/sim/check.h"
#include "arch/sim/dump.h"
#include "arch/sim/op.h"
#include "arch/sim/op_run.h"
#include "core/page.h"
#include "core/state.h"
#include "core/table.h"

static struct result look_frame(u64 pfn)
{
	struct result r = result_of(OUT_OK);

	r.value[0] = frame_owner(pfn);
	r.value[1] = frame_count(pfn);
	r.value[2] = frame_gfn(pfn);
	r.nr_values = 3;
	return r;
}

static struct result look_map(u64 map, u64 gfn)
{
	struct result r = result_of(OUT_OK);
	u64 desc;

	if (map >= CV_NR_MAPS || gfn >= table_geometry.gfn_limit)
		return result_of(OUT_SKIPPED);
	desc = map_get((u32)map, gfn);
	r.value[0] = desc_pfn(desc);
	r.value[1] = map_level((u32)map, gfn);
	r.value[2] = desc != 0U && desc_attr(desc) == DESC_ATTR_DEVICE;
	r.nr_values = 3;
	return r;
}

struct result op_inspect(const struct op *op)
{
	struct result r = result_of(OUT_OK);

	switch (op->kind) {
	case OP_DUMP:
		dump_state(stdout);
		break;
	case OP_CHECK:
		check_everything();
		break;
	case OP_FRAME:
		r = look_frame(op->a[0]);
		break;
	case OP_MAP:
		r = look_map(op->a[0], op->a[1]);
		break;
	case OP_WORLD:
		r.value[0] = cpus[op->actor].vm;
		r.value[1] = cpus[op->actor].slot;
		r.nr_values = 2;
		break;
	default:
		return result_of(OUT_SKIPPED);
	}
	r.names = op_info[op->kind].value;
	return r;
}
