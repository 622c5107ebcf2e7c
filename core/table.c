/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Translation tables: see core/table.h.
 *
 * How a walk goes: from the root table of (map, gfn) down, one table a level,
 * to the deepest table there is for gfn; the leaf, if any, is an entry of that
 * one. So whatever is asked about a gfn is answered by struct walk.
 */
#include "core/table.h"

#include "core/machine.h"
#include "corevisor/error.h"

/* Frames that one table of level 1 covers: 512 GB. */
#define ROOT_FRAMES (1ULL << 27)
/* Frame numbers a descriptor can hold. */
#define PFN_LIMIT (1ULL << 36)
/* A free table, in table_owner. */
#define OWNER_NONE CV_INVALID_ID

struct table_geometry table_geometry;
u32 table_free[CV_MAX_TABLES];
u32 table_free_nr;
u16 table_owner[CV_MAX_TABLES];
u32 map_low[CV_NR_MAPS];
u32 map_high[CV_NR_MAPS];

/*@ ghost u32 tg_level[CV_MAX_TABLES];
    u32 tg_parent[CV_MAX_TABLES];
    u64 tg_prefix[CV_MAX_TABLES];
    u32 tg_order[CV_MAX_TABLES];
    u32 tg_place[CV_MAX_TABLES]; */

/* A table, and its level. */
struct walk {
	u32 table;
	u32 level;
};

/*
 * Walks, in logic. at_N is the level N table that a walk of (m, g) passes, -1
 * if it ends above it.
 */
/*@ logic integer link_of{L}(integer d) = d_pfn(d) - table_geometry.pool_pfn;
    logic integer first_root{L}(integer m) = m * table_geometry.root_tables;

    logic integer below{L}(integer t, integer i) =
      t >= 0 && d_table(table_pool[t].e[i]) ? link_of(table_pool[t].e[i]) : -1;
    logic integer root_of{L}(integer m, integer g) =
      first_root(m) + g_prefix(g, table_geometry.start_level);
    logic integer at_0{L}(integer m, integer g) =
      table_geometry.start_level == 0 ? root_of(m, g) : -1;
    logic integer at_1{L}(integer m, integer g) =
      table_geometry.start_level == 1 ? root_of(m, g) : below(at_0(m, g), g_index(g, 0));
    logic integer at_2{L}(integer m, integer g) = below(at_1(m, g), g_index(g, 1));
    logic integer at_3{L}(integer m, integer g) = below(at_2(m, g), g_index(g, 2));
    logic integer at{L}(integer m, integer g, integer l) =
      l == 0 ? at_0(m, g) : l == 1 ? at_1(m, g) : l == 2 ? at_2(m, g) : at_3(m, g);

    logic integer depth{L}(integer m, integer g) =
      at_3(m, g) >= 0 ? 3 : at_2(m, g) >= 0 ? 2 : at_1(m, g) >= 0 ? 1 : 0;
    logic integer leaf(integer d, integer l, integer g) =
      l == 3 ? d : d_valid(d) ? d_page(d_pfn(d) + g_offset(g, l), d_attr(d)) : 0;
    logic integer entry{L}(integer m, integer g, integer l) =
      table_pool[at(m, g, l)].e[g_index(g, l)];
    logic integer walk_of{L}(integer m, integer g) =
      leaf(entry(m, g, depth(m, g)), depth(m, g), g);
 */

/*
 * What holds between any two stores: the conjuncts of `tables`.
 * - roots: where they are, for ever;
 * - used: the level of a table that somebody owns;
 * - entries: each is nothing, a leaf that may be there, or a link to a table of
 *   the same map one level down that knows this entry as the one that leads to
 *   it. So no table is shared, and no walk leaves the pool or loops;
 * - zero: a free table is wiped;
 * - stack: the free tables are those on the stack, each once;
 * - bounds: where map_drop() has to look.
 */
/*@ predicate used{L}(integer t) =
      0 <= t < table_geometry.nr_tables && table_owner[t] != OWNER_NONE;
    predicate pooled{L}(integer t) =
      CV_NR_MAPS * table_geometry.root_tables <= t < table_geometry.nr_tables;

    predicate child{L}(integer t, integer i, integer c) =
      pooled(c) && table_owner[c] == table_owner[t] && tg_level[c] == tg_level[t] + 1 &&
      tg_parent[c] == t && tg_prefix[c] == tg_prefix[t] * 512 + i;
    predicate entry_ok{L}(integer t, integer i, integer d) =
      d == 0 || (tg_level[t] == 3 ? d_table(d) :
        d_table(d) ? child(t, i, link_of(d)) :
        d_valid(d) && tg_level[t] >= 1 && d_pfn(d) % 512 == 0 &&
        (tg_level[t] == 1 ==> d_pfn(d) % 262144 == 0));

    predicate inv_roots{L} = \forall integer m, t; 0 <= m < CV_NR_MAPS &&
      first_root(m) <= t < first_root(m) + table_geometry.root_tables ==>
      table_owner[t] == m && tg_level[t] == table_geometry.start_level &&
      tg_prefix[t] == t - first_root(m);
    predicate inv_used{L} = \forall integer t; used(t) ==>
      table_owner[t] < CV_NR_MAPS && table_geometry.start_level <= tg_level[t] <= 3;
    predicate inv_entries{L} = \forall integer t, i; used(t) && 0 <= i < 512 ==>
      entry_ok(t, i, table_pool[t].e[i]);
    predicate inv_zero{L} = \forall integer t, i;
      pooled(t) && table_owner[t] == OWNER_NONE && 0 <= i < 512 ==> table_pool[t].e[i] == 0;
    predicate inv_bounds{L} = (\forall integer t; pooled(t) && used(t) ==>
        map_low[table_owner[t]] <= t < map_high[table_owner[t]]) &&
      (\forall integer m; 0 <= m < CV_NR_MAPS ==>
        CV_NR_MAPS * table_geometry.root_tables <= map_low[m] &&
        map_high[m] <= table_geometry.nr_tables);
    predicate inv_stack{L} =
      table_free_nr <= table_geometry.nr_tables - CV_NR_MAPS * table_geometry.root_tables &&
      (\forall integer k; 0 <= k < table_geometry.nr_tables -
          CV_NR_MAPS * table_geometry.root_tables ==>
        pooled(tg_order[k]) && tg_place[tg_order[k]] == k) &&
      (\forall integer t; pooled(t) ==>
        tg_place[t] < table_geometry.nr_tables - CV_NR_MAPS * table_geometry.root_tables &&
        tg_order[tg_place[t]] == t &&
        (table_owner[t] == OWNER_NONE <==> tg_place[t] < table_free_nr)) &&
      (\forall integer k; 0 <= k < table_free_nr ==> table_free[k] == tg_order[k]);

    axiomatic TablesDefinition {
      axiom tables_roots{L}: tables{L} ==> inv_roots{L};
      axiom tables_used{L}: tables{L} ==> inv_used{L};
      axiom tables_entries{L}: tables{L} ==> inv_entries{L};
      axiom tables_zero{L}: tables{L} ==> inv_zero{L};
      axiom tables_bounds{L}: tables{L} ==> inv_bounds{L};
      axiom tables_stack{L}: tables{L} ==> inv_stack{L};
      axiom tables_is{L}: inv_roots{L} && inv_used{L} && inv_entries{L} &&
        inv_zero{L} && inv_bounds{L} && inv_stack{L} ==> tables{L};
      axiom map_of_is{L}: \forall integer m, g; map_of{L}(m, g) == walk_of{L}(m, g);
      axiom depth_of_is{L}: \forall integer m, g; depth_of{L}(m, g) == depth{L}(m, g);
    }
 */

/* All of them, by name, in the contracts below. */
/* clang-format off */
#define NEEDS_TREE \
	requires geometry: geometry; requires roots: inv_roots; requires used: inv_used; \
	requires entries: inv_entries
#define NEEDS_POOL \
	NEEDS_TREE; requires zero: inv_zero; requires bounds: inv_bounds; requires stack: inv_stack
#define KEEPS_TREE \
	ensures roots: inv_roots; ensures used: inv_used; ensures entries: inv_entries
#define KEEPS_POOL \
	KEEPS_TREE; ensures zero: inv_zero; ensures bounds: inv_bounds; ensures stack: inv_stack
/* clang-format on */

/*
 * Where a walk is, it is in a table of its map, of that level, for that part of
 * the input space; and two frames of one part pass the same table.
 */
/*@ predicate orphan{L}(integer c) = pooled(c) && \forall integer t, i;
      used(t) && 0 <= i < 512 && tg_level[t] < 3 && d_table(table_pool[t].e[i]) ==>
        link_of(table_pool[t].e[i]) != c;
    predicate empty{L}(integer t) = \forall integer i; 0 <= i < 512 ==> table_pool[t].e[i] == 0;
    predicate part(integer l, integer g, integer w) = g_prefix(g, l + 1) == g_prefix(w, l + 1);
    predicate same_walk{A, B}(integer m, integer g) =
      at_1{A}(m, g) == at_1{B}(m, g) && at_2{A}(m, g) == at_2{B}(m, g) &&
      at_3{A}(m, g) == at_3{B}(m, g) && walk_of{A}(m, g) == walk_of{B}(m, g);

    predicate at_ok{L}(integer t, integer m, integer g, integer l) =
      used(t) && table_owner[t] == m && tg_level[t] == l && tg_prefix[t] == g_prefix(g, l);

    lemma root_range{L}: geometry{L} ==> \forall integer m; 0 <= m < CV_NR_MAPS ==>
      0 <= first_root{L}(m) &&
      first_root{L}(m) + table_geometry.root_tables <= CV_NR_MAPS * table_geometry.root_tables;
    lemma prefix_root{L}: geometry{L} ==> \forall integer m, g; in_map{L}(m, g) ==>
      0 <= g_prefix(g, table_geometry.start_level) < table_geometry.root_tables;

    lemma root_order{L}: geometry{L} ==> \forall integer m, n; 0 <= m < n < CV_NR_MAPS ==>
      first_root{L}(m) + table_geometry.root_tables <= first_root{L}(n);
    lemma root_div{L}: geometry{L} ==> \forall integer t;
      0 <= t < CV_NR_MAPS * table_geometry.root_tables ==>
      0 <= t / table_geometry.root_tables < CV_NR_MAPS &&
      first_root{L}(t / table_geometry.root_tables) <= t &&
      t < first_root{L}(t / table_geometry.root_tables) + table_geometry.root_tables;
    lemma root_owner_is{L}: geometry{L} && inv_roots{L} ==> \forall integer t;
      0 <= t < CV_NR_MAPS * table_geometry.root_tables ==>
      table_owner[t] == t / table_geometry.root_tables;
    lemma root_owner{L}: geometry{L} && inv_roots{L} ==> \forall integer t;
      0 <= t < CV_NR_MAPS * table_geometry.root_tables ==>
      first_root{L}(table_owner[t]) <= t <
        first_root{L}(table_owner[t]) + table_geometry.root_tables;

    lemma at_0_ok{L}: geometry{L} && inv_roots{L} && inv_used{L} && inv_entries{L} ==>
      \forall integer m, g; in_map{L}(m, g) ==>
        at_0{L}(m, g) == -1 || at_ok{L}(at_0{L}(m, g), m, g, 0);
    lemma at_1_ok{L}: geometry{L} && inv_roots{L} && inv_used{L} && inv_entries{L} ==>
      \forall integer m, g; in_map{L}(m, g) ==>
        at_1{L}(m, g) == -1 || at_ok{L}(at_1{L}(m, g), m, g, 1);
    lemma at_2_ok{L}: geometry{L} && inv_roots{L} && inv_used{L} && inv_entries{L} ==>
      \forall integer m, g; in_map{L}(m, g) ==>
        at_2{L}(m, g) == -1 || at_ok{L}(at_2{L}(m, g), m, g, 2);
    lemma at_3_ok{L}: geometry{L} && inv_roots{L} && inv_used{L} && inv_entries{L} ==>
      \forall integer m, g; in_map{L}(m, g) ==>
        at_3{L}(m, g) == -1 || at_ok{L}(at_3{L}(m, g), m, g, 3);

    lemma orphan_out{L}: geometry{L} && inv_roots{L} && inv_used{L} && inv_entries{L} ==>
      \forall integer c, m, g; orphan{L}(c) && in_map{L}(m, g) ==>
        at_0{L}(m, g) != c && at_1{L}(m, g) != c && at_2{L}(m, g) != c && at_3{L}(m, g) != c;

    lemma at_1_same{L}: geometry{L} ==> \forall integer m, g, w;
      in_map{L}(m, g) && in_map{L}(m, w) && g_prefix(g, 1) == g_prefix(w, 1) ==>
      at_1{L}(m, g) == at_1{L}(m, w);
    lemma at_2_same{L}: geometry{L} ==> \forall integer m, g, w;
      in_map{L}(m, g) && in_map{L}(m, w) && g_prefix(g, 2) == g_prefix(w, 2) ==>
      at_2{L}(m, g) == at_2{L}(m, w);
    lemma at_3_same{L}: geometry{L} ==> \forall integer m, g, w;
      in_map{L}(m, g) && in_map{L}(m, w) && g_prefix(g, 3) == g_prefix(w, 3) ==>
      at_3{L}(m, g) == at_3{L}(m, w);
 */

/* The table that a table descriptor points to. */
/*@ requires in_pool: 0 <= link_of(desc) < CV_MAX_TABLES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result == link_of(desc); */
static u32 table_child(u64 desc)
{
	return (u32)(desc_pfn(desc) - table_geometry.pool_pfn);
}

/* The table where every walk of (map, gfn) starts. */
/*@ NEEDS_TREE;
    requires range: in_map(map, gfn);
    terminates \true; exits \false;
    assigns \nothing;
    ensures root: \result == at(map, gfn, table_geometry.start_level); */
static u32 table_root(u32 map, u64 gfn)
{
	//@ assert single: table_geometry.start_level == 0 ==> first_root(map) == map;
	//@ assert top: g_prefix(gfn, 0) == 0;
	//@ assert root_0: table_geometry.start_level == 0 ==> at_0(map, gfn) == map;
	if (table_geometry.start_level == 0U)
		return map;
	//@ assert prefix: g_prefix(gfn, 1) == gfn / ROOT_FRAMES;
	//@ assert first: first_root(map) == map * table_geometry.root_tables;
	//@ assert root_1: at_1(map, gfn) == first_root(map) + g_prefix(gfn, 1);
	return map * table_geometry.root_tables + (u32)(gfn / ROOT_FRAMES);
}

/* The deepest table for gfn, but none below level `last`. */
/*@ NEEDS_TREE;
    requires range: in_map(map, gfn);
    requires last: table_geometry.start_level <= last <= 3;
    terminates \true; exits \false;
    assigns \nothing;
    ensures level: \result.level == \min(last, depth(map, gfn));
    ensures table: \result.table == at(map, gfn, \result.level);
    ensures used: at_ok(\result.table, map, gfn, \result.level); */
static inline struct walk table_walk(u32 map, u64 gfn, u32 last)
{
	struct walk w;

	w.table = table_root(map, gfn);
	w.level = table_geometry.start_level;
	/*@ loop invariant level: table_geometry.start_level <= w.level <= last;
	    loop invariant table: w.table == at(map, gfn, w.level);
	    loop invariant used: at_ok(w.table, map, gfn, w.level);
	    loop invariant depth: w.level <= depth(map, gfn);
	    loop assigns w;
	    loop variant last - w.level; */
	while (w.level < last) {
		u64 desc = table_pool[w.table].e[table_index(gfn, w.level)];

		//@ assert entry: entry_ok(w.table, g_index(gfn, w.level), desc);
		if (!desc_is_table(desc))
			break;
		w.table = table_child(desc);
		w.level++;
	}
	return w;
}

/*
 * Take the entry of `level` for gfn, a leaf or a link, out of a map and wait
 * until nobody uses what it translated: the "break" of break-before-make (Arm
 * ARM D8.13.1).
 */
/*@ NEEDS_TREE;
    requires zero: inv_zero;
    requires range: in_map(map, gfn);
    requires level: 1 <= level <= depth(map, gfn);
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1];
    KEEPS_TREE;
    ensures zero: inv_zero;
    ensures entry: entry(map, gfn, level) == 0;
    ensures rest: \forall integer t, i; 0 <= t < CV_MAX_TABLES && 0 <= i < 512 &&
      !(t == \old(at(map, gfn, level)) && i == g_index(gfn, level)) ==>
      table_pool[t].e[i] == \old(table_pool[t].e[i]);
    ensures at: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
      at(map, g, level) == \old(at(map, gfn, level));
    ensures broken: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
      depth(map, g) == level && walk_of(map, g) == 0;
    ensures other: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
      same_walk{Pre, Here}(m, g); */
static void entry_break(u32 map, u64 gfn, u32 level)
{
	struct walk w = table_walk(map, gfn, level);

	/*@ assert hit_1: \forall integer m, g; in_map(m, g) && at_1(m, g) == w.table ==>
	      level == 1 && m == map && g_prefix(g, 1) == g_prefix(gfn, 1); */
	/*@ assert hit_2: \forall integer m, g; in_map(m, g) && at_2(m, g) == w.table ==>
	      level == 2 && m == map && g_prefix(g, 2) == g_prefix(gfn, 2); */
	/*@ assert hit_3: \forall integer m, g; in_map(m, g) && at_3(m, g) == w.table ==>
	      level == 3 && m == map && g_prefix(g, 3) == g_prefix(gfn, 3); */
	/*@ assert miss_1: \forall integer m, g; in_map(m, g) && at_1(m, g) == w.table &&
	      g_index(g, 1) == g_index(gfn, level) ==> m == map && part(level, gfn, g); */
	/*@ assert miss_2: \forall integer m, g; in_map(m, g) && at_2(m, g) == w.table &&
	      g_index(g, 2) == g_index(gfn, level) ==> m == map && part(level, gfn, g); */
	/*@ assert miss_3: \forall integer m, g; in_map(m, g) && at_3(m, g) == w.table &&
	      g_index(g, 3) == g_index(gfn, level) ==> m == map && part(level, gfn, g); */
	/*@ assert there: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at(map, g, level) == w.table && g_index(g, level) == g_index(gfn, level); */
	machine_table_write(w.table, table_index(gfn, level), 0);
	/*@ assert rest: \forall integer t, i; 0 <= t < CV_MAX_TABLES && 0 <= i < 512 &&
	      !(t == w.table && i == g_index(gfn, level)) ==>
	      table_pool[t].e[i] == \at(table_pool[t].e[i], Pre); */
	/*@ assert at_1: \forall integer m, g; in_map(m, g) ==> at_1(m, g) == at_1{Pre}(m, g); */
	/*@ assert at_2: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      at_2(m, g) == at_2{Pre}(m, g); */
	/*@ assert at_3: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      at_3(m, g) == at_3{Pre}(m, g); */
	/*@ assert walk: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      depth(m, g) == depth{Pre}(m, g) &&
	      entry(m, g, depth(m, g)) == entry{Pre}(m, g, depth{Pre}(m, g)); */
	/*@ assert still_1: level == 1 ==> \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at_1(map, g) == w.table; */
	/*@ assert still_2: level == 2 ==> \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at_2(map, g) == w.table; */
	/*@ assert still_3: level == 3 ==> \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at_3(map, g) == w.table; */
	/*@ assert here: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at(map, g, level) == w.table && entry(map, g, level) == 0; */
	/*@ assert end: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      depth(map, g) == level; */
	machine_map_invalidate(map, level_base(gfn, level), level_frames(level));
}

/*
 * Put a leaf, or a link to a new table, into the empty entry of `level` for gfn.
 */
/*@ NEEDS_TREE;
    requires zero: inv_zero;
    requires range: in_map(map, gfn);
    requires level: level == depth(map, gfn);
    requires none: entry(map, gfn, level) == 0;
    requires fits: entry_ok(at(map, gfn, level), g_index(gfn, level), desc);
    requires link: level < 3 && d_table(desc) ==> orphan(link_of(desc)) &&
      \forall integer i; 0 <= i < 512 && level < 2 ==> !d_table(table_pool[link_of(desc)].e[i]);
    terminates \true; exits \false;
    assigns table_pool[0 .. CV_MAX_TABLES - 1];
    KEEPS_TREE;
    ensures zero: inv_zero;
    ensures rest: \forall integer t, i; 0 <= t < CV_MAX_TABLES && 0 <= i < 512 &&
      !(t == \old(at(map, gfn, level)) && i == g_index(gfn, level)) ==>
      table_pool[t].e[i] == \old(table_pool[t].e[i]);
    ensures leaf: level == 3 || !d_table(desc) ==>
      \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
      depth(map, g) == level && walk_of(map, g) == leaf(desc, level, g);
    ensures link: level < 3 && d_table(desc) ==>
      \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
      at(map, g, level + 1) == link_of(desc) && depth(map, g) == level + 1 &&
      walk_of(map, g) ==
        leaf(table_pool[link_of(desc)].e[g_index(g, level + 1)], level + 1, g);
    ensures other: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
      same_walk{Pre, Here}(m, g); */
static void entry_make(u32 map, u64 gfn, u32 level, u64 desc)
{
	struct walk w = table_walk(map, gfn, level);

	/*@ assert there: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at(map, g, level) == w.table && g_index(g, level) == g_index(gfn, level); */
	/*@ assert hit_0: \forall integer m, g; in_map(m, g) && at_0(m, g) == w.table ==>
	      level == 0 && m == map && g_prefix(g, 0) == g_prefix(gfn, 0); */
	/*@ assert hit_1: \forall integer m, g; in_map(m, g) && at_1(m, g) == w.table ==>
	      level == 1 && m == map && g_prefix(g, 1) == g_prefix(gfn, 1); */
	/*@ assert hit_2: \forall integer m, g; in_map(m, g) && at_2(m, g) == w.table ==>
	      level == 2 && m == map && g_prefix(g, 2) == g_prefix(gfn, 2); */
	/*@ assert hit_3: \forall integer m, g; in_map(m, g) && at_3(m, g) == w.table ==>
	      level == 3 && m == map && g_prefix(g, 3) == g_prefix(gfn, 3); */
	/*@ assert miss_0: \forall integer m, g; in_map(m, g) && at_0(m, g) == w.table &&
	      g_index(g, 0) == g_index(gfn, level) ==> m == map && part(level, gfn, g); */
	/*@ assert miss_1: \forall integer m, g; in_map(m, g) && at_1(m, g) == w.table &&
	      g_index(g, 1) == g_index(gfn, level) ==> m == map && part(level, gfn, g); */
	/*@ assert miss_2: \forall integer m, g; in_map(m, g) && at_2(m, g) == w.table &&
	      g_index(g, 2) == g_index(gfn, level) ==> m == map && part(level, gfn, g); */
	/*@ assert miss_3: \forall integer m, g; in_map(m, g) && at_3(m, g) == w.table &&
	      g_index(g, 3) == g_index(gfn, level) ==> m == map && part(level, gfn, g); */
	machine_table_write(w.table, table_index(gfn, level), desc);
	/*@ assert rest: \forall integer t, i; 0 <= t < CV_MAX_TABLES && 0 <= i < 512 &&
	      !(t == w.table && i == g_index(gfn, level)) ==>
	      table_pool[t].e[i] == \at(table_pool[t].e[i], Pre); */
	/*@ assert at_1: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      at_1(m, g) == at_1{Pre}(m, g); */
	/*@ assert at_2: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      at_2(m, g) == at_2{Pre}(m, g); */
	/*@ assert at_3: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      at_3(m, g) == at_3{Pre}(m, g); */
	/*@ assert walk: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      depth(m, g) == depth{Pre}(m, g) &&
	      entry(m, g, depth(m, g)) == entry{Pre}(m, g, depth{Pre}(m, g)); */
	/*@ assert still_0: level == 0 ==> \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at_0(map, g) == w.table; */
	/*@ assert still_1: level == 1 ==> \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at_1(map, g) == w.table; */
	/*@ assert still_2: level == 2 ==> \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at_2(map, g) == w.table; */
	/*@ assert still_3: level == 3 ==> \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at_3(map, g) == w.table; */
	/*@ assert still: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at(map, g, level) == w.table && g_index(g, level) == g_index(gfn, level); */
	/*@ assert leaf: level == 3 || !d_table(desc) ==> \forall integer g;
	      in_map(map, g) && part(level, gfn, g) ==> depth(map, g) == level; */
	/*@ assert next: level < 3 && d_table(desc) ==> \forall integer g;
	      in_map(map, g) && part(level, gfn, g) ==> at(map, g, level + 1) == link_of(desc); */
	/*@ assert link: level < 3 && d_table(desc) ==> \forall integer g;
	      in_map(map, g) && part(level, gfn, g) ==> depth(map, g) == level + 1; */
}

/* Write zero to every entry that is not zero yet. */
/*@ requires t < CV_MAX_TABLES;
    terminates \true; exits \false;
    assigns table_pool[t];
    ensures empty: empty(t); */
static void table_wipe(u32 t)
{
	/*@ loop invariant range: i <= 512;
	    loop invariant empty: \forall integer j; 0 <= j < i ==> table_pool[t].e[j] == 0;
	    loop assigns i, table_pool[t];
	    loop variant 512 - i; */
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		if (table_pool[t].e[i] != 0U)
			machine_table_write(t, i, 0);
	}
}

/* A free table for a map: not linked from anywhere yet. There is one. */
/*@ NEEDS_POOL;
    requires map: map < CV_NR_MAPS;
    requires enough: table_free_nr > 0;
    terminates \true; exits \false;
    assigns table_free_nr, table_owner[0 .. CV_MAX_TABLES - 1], map_low[map], map_high[map],
      tg_level[0 .. CV_MAX_TABLES - 1];
    KEEPS_POOL;
    ensures owner: used(\result) && table_owner[\result] == map && \old(!used(\at(\result, Post)));
    ensures rest: \forall integer t; 0 <= t < CV_MAX_TABLES && t != \result ==>
      table_owner[t] == \old(table_owner[t]) && tg_level[t] == \old(tg_level[t]);
    ensures empty: empty(\result);
    ensures orphan: orphan(\result);
    ensures free: table_free_nr == \old(table_free_nr) - 1; */
static u32 table_alloc(u32 map)
{
	u32 t;

	table_free_nr--;
	t = table_free[table_free_nr];
	table_owner[t] = (u16)map;
	//@ ghost tg_level[t] = 3;
	if (t < map_low[map])
		map_low[map] = t;
	if (t >= map_high[map])
		map_high[map] = t + 1U;
	return t;
}

/* Back to the pool. No entry points to t, and no walker is in it any more. */
/*@ NEEDS_POOL;
    requires used: used(t);
    requires orphan: orphan(t);
    requires empty: empty(t);
    terminates \true; exits \false;
    assigns table_free_nr, table_owner[t], table_free[0 .. CV_MAX_TABLES - 1],
      tg_order[0 .. CV_MAX_TABLES - 1], tg_place[0 .. CV_MAX_TABLES - 1];
    KEEPS_POOL;
    ensures owner: table_owner[t] == OWNER_NONE;
    ensures free: table_free_nr == \old(table_free_nr) + 1; */
static void table_put(u32 t)
{
	table_owner[t] = OWNER_NONE;
	table_free[table_free_nr] = t;
	/*@ ghost
	    u32 place = tg_place[t];
	    u32 other = tg_order[table_free_nr];
	    tg_order[place] = other;
	    tg_place[other] = place;
	    tg_order[table_free_nr] = t;
	    tg_place[t] = table_free_nr; */
	table_free_nr++;
}

/* The same, wiped first. */
/*@ NEEDS_POOL;
    requires used: used(t);
    requires orphan: orphan(t);
    terminates \true; exits \false;
    assigns table_pool[t], table_free_nr, table_owner[t], table_free[0 .. CV_MAX_TABLES - 1],
      tg_order[0 .. CV_MAX_TABLES - 1], tg_place[0 .. CV_MAX_TABLES - 1];
    KEEPS_POOL;
    ensures owner: table_owner[t] == OWNER_NONE;
    ensures free: table_free_nr == \old(table_free_nr) + 1;
    ensures same: \forall integer m, g; in_map(m, g) ==> same_walk{Pre, Here}(m, g); */
static void table_release(u32 t)
{
	/*@ assert out: \forall integer m, g; in_map(m, g) ==>
	      at_0(m, g) != t && at_1(m, g) != t && at_2(m, g) != t && at_3(m, g) != t; */
	table_wipe(t);
	/*@ assert at_1: \forall integer m, g; in_map(m, g) ==> at_1(m, g) == at_1{Pre}(m, g); */
	/*@ assert at_2: \forall integer m, g; in_map(m, g) ==> at_2(m, g) == at_2{Pre}(m, g); */
	/*@ assert at_3: \forall integer m, g; in_map(m, g) ==> at_3(m, g) == at_3{Pre}(m, g); */
	/*@ assert walk: \forall integer m, g; in_map(m, g) ==>
	      depth(m, g) == depth{Pre}(m, g) &&
	      entry(m, g, depth(m, g)) == entry{Pre}(m, g, depth{Pre}(m, g)); */
	table_put(t);
}

/* Leaves of `level` (2 or 3) that translate what the block above them does. */
/*@ requires table: t < CV_MAX_TABLES;
    requires level: level == 2 || level == 3;
    requires empty: empty(t);
    requires block: d_pfn(block) + 512 * g_frames(level) <= PFN_LIMIT;
    terminates \true; exits \false;
    assigns table_pool[t];
    ensures pages: level == 3 ==> \forall integer i; 0 <= i < 512 ==>
      table_pool[t].e[i] == d_page(d_pfn(block) + i, d_attr(block));
    ensures blocks: level == 2 ==> \forall integer i; 0 <= i < 512 ==>
      table_pool[t].e[i] == d_block(d_pfn(block) + i * 512, d_attr(block)); */
static void table_fill(u32 t, u64 block, u32 level)
{
	/*@ loop invariant range: i <= 512;
	    loop invariant empty: \forall integer j; i <= j < 512 ==> table_pool[t].e[j] == 0;
	    loop invariant pages: level == 3 ==> \forall integer j; 0 <= j < i ==>
	      table_pool[t].e[j] == d_page(d_pfn(block) + j, d_attr(block));
	    loop invariant blocks: level == 2 ==> \forall integer j; 0 <= j < i ==>
	      table_pool[t].e[j] == d_block(d_pfn(block) + j * 512, d_attr(block));
	    loop assigns i, table_pool[t];
	    loop variant 512 - i; */
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		u64 pfn = desc_pfn(block) + i * level_frames(level);
		u64 desc = level == 3U ? desc_page(pfn, desc_attr(block))
				       : desc_block(pfn, desc_attr(block));

		machine_table_write(t, i, desc);
	}
}

/*
 * Make gfn's entry in its table t, of `level` (0 to 2), point to a table: that
 * one. It translates what the entry did.
 */
/*@ NEEDS_POOL;
    requires range: in_map(map, gfn);
    requires level: table_geometry.start_level <= level <= 2;
    requires table: t == at(map, gfn, level);
    requires at: at_ok(t, map, gfn, level);
    requires enough: depth(map, gfn) > level || table_free_nr > 0;
    terminates \true; exits \false;
    assigns TABLE_STATE;
    KEEPS_POOL;
    ensures at: \result == at(map, gfn, level + 1);
    ensures used: at_ok(\result, map, gfn, level + 1);
    ensures same: \forall integer m, g; in_map(m, g) ==> walk_of(m, g) == walk_of{Pre}(m, g);
    ensures part: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
      depth(map, g) == \max(level + 1, depth{Pre}(map, g));
    ensures depth: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
      depth(m, g) == depth{Pre}(m, g);
    ensures free: table_free_nr == \old(table_free_nr) -
      (\old(depth(map, gfn)) > level ? 0 : 1); */
static u32 table_step(u32 map, u64 gfn, u32 t, u32 level)
{
	u32 i = table_index(gfn, level);
	u64 desc = table_pool[t].e[i];
	u32 child;

	//@ assert entry: entry_ok(t, i, desc);
	/*@ assert there: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      at(map, g, level) == t && g_index(g, level) == i; */
	/*@ assert deeper: d_table(desc) ==> \forall integer g;
	      in_map(map, g) && part(level, gfn, g) ==> depth(map, g) >= level + 1; */
	//@ assert next: d_table(desc) ==> link_of(desc) == at(map, gfn, level + 1);
	if (desc_is_table(desc))
		return table_child(desc);
	/*@ assert before: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      depth(map, g) == level && walk_of(map, g) == leaf(desc, level, g); */
	child = table_alloc(map);
	//@ assert alone: child != t && pooled(child);
	/*@ assert not_root: \forall integer m, r; 0 <= m < CV_NR_MAPS &&
	      first_root(m) <= r < first_root(m) + table_geometry.root_tables ==>
	      r != child && table_owner[r] == m && tg_prefix[r] == r - first_root(m) &&
	      tg_level[r] == table_geometry.start_level; */
	/*@ ghost
	    tg_level[child] = (u32)(level + 1);
	    tg_parent[child] = t;
	    tg_prefix[child] = (u64)(tg_prefix[t] * 512 + i); */
	//@ assert roots: inv_roots;
	//@ assert entries: inv_entries;
	//@ assert orphan: orphan(child);
	//@ assert child: child(t, i, child);
	/*@ assert same: \forall integer m, g; in_map(m, g) ==> same_walk{Pre, Here}(m, g); */
	/*@ assert out: \forall integer m, g; in_map(m, g) ==> at_0(m, g) != child &&
	      at_1(m, g) != child && at_2(m, g) != child && at_3(m, g) != child; */
	if (desc_is_block(desc)) {
		/* The new table is complete before a walker can see it. */
		//@ assert block: 1 <= level <= 2 && d_pfn(desc) + 512 * g_frames(level + 1) <= PFN_LIMIT;
		table_fill(child, desc, level + 1U);
		/*@ assert leaves: \forall integer j; 0 <= j < 512 ==>
		      entry_ok(child, j, table_pool[child].e[j]); */
		/*@ assert rest: \forall integer r, j; used(r) && r != child && 0 <= j < 512 ==>
		      entry_ok(r, j, table_pool[r].e[j]); */
		//@ assert filled: inv_entries;
		//@ assert orphan: orphan(child);
		/*@ assert at_1: \forall integer m, g; in_map(m, g) ==> at_1(m, g) == at_1{Pre}(m, g); */
		/*@ assert at_2: \forall integer m, g; in_map(m, g) ==> at_2(m, g) == at_2{Pre}(m, g); */
		/*@ assert at_3: \forall integer m, g; in_map(m, g) ==> at_3(m, g) == at_3{Pre}(m, g); */
		/*@ assert filled_same: \forall integer m, g; in_map(m, g) ==> same_walk{Pre, Here}(m, g); */
		/*@ assert split_1: level == 1 ==> \forall integer g; in_map(map, g) ==>
		      leaf(table_pool[child].e[g_index(g, 2)], 2, g) == leaf(desc, 1, g); */
		/*@ assert split_2: level == 2 ==> \forall integer g; in_map(map, g) ==>
		      leaf(table_pool[child].e[g_index(g, 3)], 3, g) == leaf(desc, 2, g); */
		entry_break(map, gfn, level);
		/*@ assert as_before: \forall integer g; in_map(map, g) ==>
		      leaf(table_pool[child].e[g_index(g, level + 1)], level + 1, g) ==
		      leaf(desc, level, g); */
	}
	/*@ assert other: \forall integer m, g; in_map(m, g) && !(m == map && part(level, gfn, g)) ==>
	      same_walk{Pre, Here}(m, g); */
	/*@ assert as_before: \forall integer g; in_map(map, g) ==>
	      leaf(table_pool[child].e[g_index(g, level + 1)], level + 1, g) == leaf(desc, level, g); */
	//@ assert orphan: orphan(child);
	/*@ assert no_link: level < 2 ==> \forall integer j; 0 <= j < 512 ==>
	      !d_table(table_pool[child].e[j]); */
	entry_make(map, gfn, level, desc_table(table_geometry.pool_pfn + child));
	/*@ assert kept: \forall integer g; in_map(map, g) && part(level, gfn, g) ==>
	      depth(map, g) == level + 1 && walk_of(map, g) == walk_of{Pre}(map, g); */
	//@ assert next: at(map, gfn, level + 1) == child;
	return child;
}

/* Do the 512 entries of a level 2 table translate as one level 1 block would? */
/*@ requires table: t < CV_MAX_TABLES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures block: \result ==> d_pfn(table_pool[t].e[0]) % 262144 == 0 &&
      \forall integer i; 0 <= i < 512 ==>
        d_valid(table_pool[t].e[i]) && !d_table(table_pool[t].e[i]) &&
        d_pfn(table_pool[t].e[i]) == d_pfn(table_pool[t].e[0]) + i * 512 &&
        d_attr(table_pool[t].e[i]) == d_attr(table_pool[t].e[0]); */
static bool table_is_block(u32 t)
{
	u64 first = table_pool[t].e[0];

	if (!desc_is_block(first) || desc_pfn(first) % level_frames(1) != 0U)
		return false;
	/*@ loop invariant range: 1 <= i <= 512;
	    loop invariant block: \forall integer j; 0 <= j < i ==>
	      d_valid(table_pool[t].e[j]) && !d_table(table_pool[t].e[j]) &&
	      d_pfn(table_pool[t].e[j]) == d_pfn(first) + j * 512 &&
	      d_attr(table_pool[t].e[j]) == d_attr(first);
	    loop assigns i;
	    loop variant 512 - i; */
	for (u32 i = 1; i < TABLE_ENTRIES; i++) {
		u64 pfn = desc_pfn(first) + i * level_frames(2);

		if (table_pool[t].e[i] != desc_block(pfn, desc_attr(first)))
			return false;
	}
	return true;
}

/*@ requires t < CV_MAX_TABLES;
    terminates \true; exits \false;
    assigns \nothing;
    ensures \result <==> empty(t); */
static bool table_is_empty(u32 t)
{
	/*@ loop invariant range: i <= 512;
	    loop invariant empty: \forall integer j; 0 <= j < i ==> table_pool[t].e[j] == 0;
	    loop assigns i;
	    loop variant 512 - i; */
	for (u32 i = 0; i < TABLE_ENTRIES; i++) {
		if (table_pool[t].e[i] != 0U)
			return false;
	}
	return true;
}

u32 table_free_count(void)
{
	return table_free_nr;
}

u64 map_root_pfn(u32 map)
{
	return table_geometry.pool_pfn + map * table_geometry.root_tables;
}

u64 map_get(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);
	u64 desc = table_pool[w.table].e[table_index(gfn, w.level)];

	if (!desc_is_valid(desc) || w.level == 3U)
		return desc;
	return desc_page(desc_pfn(desc) + (gfn - level_base(gfn, w.level)), desc_attr(desc));
}

u32 map_level(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);

	/*@ assert there: w.level < 3 ==> \forall integer g; in_map(map, g) && same_leaf(2, gfn, g) ==>
	      at(map, g, w.level) == w.table && depth(map, g) == w.level &&
	      g_index(g, w.level) == g_index(gfn, w.level); */
	/*@ assert same: w.level < 3 ==> \forall integer g; in_map(map, g) && same_leaf(2, gfn, g) ==>
	      entry(map, g, depth(map, g)) == entry(map, gfn, w.level); */
	/*@ assert entry: entry_ok(w.table, g_index(gfn, w.level), entry(map, gfn, w.level)); */
	return desc_is_valid(table_pool[w.table].e[table_index(gfn, w.level)]) ? w.level : 0U;
}

bool map_block_is_empty(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);

	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	/*@ assert part: \forall integer g; in_map(map, g) ==>
	      (same_leaf(2, gfn, g) <==> part(2, gfn, g)); */
	/*@ assert at: \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
	      at(map, g, w.level) == w.table && depth(map, g) == w.level; */
	if (w.level == 3U)
		return table_is_empty(w.table);
	/*@ assert index: \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
	      g_index(g, w.level) == g_index(gfn, w.level); */
	/*@ assert entry: entry_ok(w.table, g_index(gfn, w.level), entry(map, gfn, w.level)); */
	return !desc_is_valid(table_pool[w.table].e[table_index(gfn, w.level)]);
}

u64 map_next(u32 map, u64 gfn, u64 end)
{
	/*@ loop invariant range: \at(gfn, Pre) <= gfn;
	    loop invariant empty: \forall integer g; \at(gfn, Pre) <= g < gfn && g < end ==>
	      map_of(map, g) == 0;
	    loop assigns gfn;
	    loop variant end + ROOT_FRAMES - gfn; */
	while (gfn < end) {
		struct walk w = table_walk(map, gfn, 3);
		u64 frames = level_frames(w.level);

		/*@ assert part: \forall integer g; gfn <= g < gfn + frames - gfn % frames ==>
		      part(w.level, gfn, g); */
		/*@ assert at: \forall integer g; in_map(map, g) && part(w.level, gfn, g) ==>
		      at(map, g, w.level) == w.table && depth(map, g) == w.level; */
		/*@ assert index: \forall integer g; in_map(map, g) && part(w.level, gfn, g) ==>
		      g_index(g, w.level) == g_index(gfn, w.level); */
		/*@ assert entry: entry_ok(w.table, g_index(gfn, w.level), entry(map, gfn, w.level)); */
		if (desc_is_valid(table_pool[w.table].e[table_index(gfn, w.level)]))
			return gfn;
		gfn += frames - gfn % frames;
	}
	return end;
}

u32 map_need(u32 map, u64 gfn, u32 level)
{
	return level - table_walk(map, gfn, level).level;
}

void map_prepare(u32 map, u64 gfn, u32 level)
{
	u32 t = table_root(map, gfn);

	if (table_geometry.start_level == 0U)
		t = table_step(map, gfn, t, 0);
	t = table_step(map, gfn, t, 1);
	if (level == 3U)
		(void)table_step(map, gfn, t, 2);
}

void map_set_page(u32 map, u64 gfn, u64 desc)
{
	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	//@ assert table: at_ok(at(map, gfn, 3), map, gfn, 3);
	//@ assert alone: \forall integer g; in_map(map, g) && part(3, gfn, g) ==> g == gfn;
	entry_make(map, gfn, 3, desc);
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
}

void map_drop_block(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 2);
	u64 desc = table_pool[w.table].e[table_index(gfn, w.level)];

	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	//@ assert entry: entry_ok(w.table, g_index(gfn, w.level), desc);
	/*@ assert part: \forall integer g; in_map(map, g) ==>
	      (same_leaf(2, gfn, g) <==> part(2, gfn, g)); */
	/*@ assert there: \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
	      at(map, g, w.level) == w.table && g_index(g, w.level) == g_index(gfn, w.level); */
	/*@ assert depth: \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
	      depth(map, g) == depth(map, gfn); */
	/*@ assert nothing: w.level < 2 || !d_valid(desc) ==> \forall integer g;
	      in_map(map, g) && part(2, gfn, g) ==> walk_of(map, g) == 0 && depth(map, g) <= 2; */
	if (w.level != 2U || !desc_is_valid(desc))
		return;
	entry_break(map, gfn, 2);
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	//@ assert link: d_table(desc) ==> orphan(link_of(desc)) && used(link_of(desc));
	if (desc_is_table(desc))
		table_release(table_child(desc));
	//@ assert closed: inv_roots && inv_used && inv_entries;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
}

void map_set_block(u32 map, u64 gfn, u64 desc)
{
	map_drop_block(map, gfn);
	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	/*@ assert part: \forall integer g; in_map(map, g) ==>
	      (same_leaf(2, gfn, g) <==> part(2, gfn, g)); */
	//@ assert table: depth(map, gfn) == 2 && at_ok(at(map, gfn, 2), map, gfn, 2);
	//@ assert empty: walk_of(map, gfn) == 0;
	//@ assert entry: entry_ok(at(map, gfn, 2), g_index(gfn, 2), entry(map, gfn, 2));
	//@ assert no_link: !d_table(entry(map, gfn, 2));
	/*@ assert page: d_valid(entry(map, gfn, 2)) ==> d_table(walk_of(map, gfn)); */
	//@ assert no_leaf: !d_valid(entry(map, gfn, 2));
	entry_make(map, gfn, 2, desc);
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
}

void map_clear_page(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);
	u64 desc = table_pool[w.table].e[table_index(gfn, w.level)];

	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	//@ assert entry: entry_ok(w.table, g_index(gfn, w.level), desc);
	/*@ assert part: \forall integer g; in_map(map, g) ==>
	      (same_leaf(w.level, gfn, g) <==> part(w.level, gfn, g)); */
	/*@ assert there: \forall integer g; in_map(map, g) && part(w.level, gfn, g) ==>
	      at(map, g, w.level) == w.table && g_index(g, w.level) == g_index(gfn, w.level) &&
	      depth(map, g) == w.level; */
	/*@ assert nothing: !d_valid(desc) ==> \forall integer g;
	      in_map(map, g) && part(w.level, gfn, g) ==> walk_of(map, g) == 0; */
	if (desc_is_valid(desc))
		entry_break(map, gfn, w.level);
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
}

void map_clear_block(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 3);

	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	/*@ assert part: \forall integer g; in_map(map, g) ==>
	      (same_leaf(2, gfn, g) <==> part(2, gfn, g)); */
	/*@ assert at: \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
	      at(map, g, w.level) == w.table && depth(map, g) == w.level; */
	/*@ assert index: w.level < 3 ==> \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
	      g_index(g, w.level) == g_index(gfn, w.level); */
	/*@ assert entry: entry_ok(w.table, g_index(gfn, w.level), entry(map, gfn, w.level)); */
	/*@ assert nothing: w.level < 2 ==> \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
	      walk_of(map, g) == 0; */
	if (w.level == 3U) {
		//@ assert table: at_ok(w.table, map, gfn, 3);
		/*@ assert hit: \forall integer m, g; in_map(m, g) && at_3(m, g) == w.table ==>
		      m == map && g_prefix(g, 3) == g_prefix(gfn, 3); */
		/*@ assert hit_part: \forall integer m, g; in_map(m, g) && at_3(m, g) == w.table ==>
		      m == map && part(2, gfn, g); */
		/*@ assert there: \forall integer g; in_map(map, g) && part(2, gfn, g) ==>
		      at_3(map, g) == w.table; */
		//@ assert level: tg_level[w.table] == 3;
		/*@ assert level_0: \forall integer m, g; in_map(m, g) ==>
		      at_0(m, g) == -1 || at_ok(at_0(m, g), m, g, 0); */
		/*@ assert level_1: \forall integer m, g; in_map(m, g) ==>
		      at_1(m, g) == -1 || at_ok(at_1(m, g), m, g, 1); */
		/*@ assert level_2: \forall integer m, g; in_map(m, g) ==>
		      at_2(m, g) == -1 || at_ok(at_2(m, g), m, g, 2); */
		/*@ assert miss_0: \forall integer m, g; in_map(m, g) ==> at_0(m, g) != w.table; */
		/*@ assert miss_1: \forall integer m, g; in_map(m, g) ==> at_1(m, g) != w.table; */
		/*@ assert miss_2: \forall integer m, g; in_map(m, g) ==> at_2(m, g) != w.table; */
		table_wipe(w.table);
		/*@ assert at_1: \forall integer m, g; in_map(m, g) ==> at_1(m, g) == at_1{Pre}(m, g); */
		/*@ assert at_2: \forall integer m, g; in_map(m, g) ==> at_2(m, g) == at_2{Pre}(m, g); */
		/*@ assert at_3: \forall integer m, g; in_map(m, g) ==> at_3(m, g) == at_3{Pre}(m, g); */
		/*@ assert other: \forall integer m, g; in_map(m, g) && !(m == map && part(2, gfn, g)) ==>
		      walk_of(m, g) == walk_of{Pre}(m, g); */
		machine_map_invalidate(map, level_base(gfn, 2), level_frames(2));
		//@ assert closed: inv_roots && inv_used && inv_entries;
	} else if (w.level == 2U) {
		map_clear_page(map, gfn);
	}
}

void map_merge(u32 map, u64 gfn)
{
	struct walk w = table_walk(map, gfn, 2);
	u64 first = table_pool[w.table].e[0];

	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	if (w.level != 2U || !table_is_block(w.table))
		return;
	/*@ assert there: \forall integer g; in_map(map, g) && part(1, gfn, g) ==>
	      at_2(map, g) == w.table && depth(map, g) == 2; */
	/*@ assert before: \forall integer g; in_map(map, g) && part(1, gfn, g) ==>
	      walk_of(map, g) == leaf(first, 1, g); */
	/*@ assert part: \forall integer g; in_map(map, g) ==>
	      (same_leaf(1, gfn, g) <==> part(1, gfn, g)); */
	//@ assert above: at_ok(at_1(map, gfn), map, gfn, 1);
	//@ assert in_pool: pooled(w.table) && tg_parent[w.table] == at_1(map, gfn);
	entry_break(map, gfn, 1);
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	//@ assert orphan: orphan(w.table);
	entry_make(map, gfn, 1, first);
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	//@ assert orphan: orphan(w.table);
	table_release(w.table);
}

/* Wipe a table that is in use: nothing of its map is left below it. */
/*@ NEEDS_TREE;
    requires zero: inv_zero;
    requires used: used(t);
    terminates \true; exits \false;
    assigns table_pool[t];
    KEEPS_TREE;
    ensures zero: inv_zero;
    ensures empty: empty(t);
    ensures other: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
      same_walk{Pre, Here}(m, g); */
static void table_clear(u32 t)
{
	/*@ assert miss_0: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      at_0(m, g) != t; */
	/*@ assert miss_1: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      at_1(m, g) != t; */
	/*@ assert miss_2: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      at_2(m, g) != t; */
	/*@ assert miss_3: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      at_3(m, g) != t; */
	table_wipe(t);
	/*@ assert at_1: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      at_1(m, g) == at_1{Pre}(m, g); */
	/*@ assert at_2: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      at_2(m, g) == at_2{Pre}(m, g); */
	/*@ assert at_3: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      at_3(m, g) == at_3{Pre}(m, g); */
	/*@ assert walk: \forall integer m, g; in_map(m, g) && m != table_owner[t] ==>
	      depth(m, g) == depth{Pre}(m, g) &&
	      entry(m, g, depth(m, g)) == entry{Pre}(m, g, depth{Pre}(m, g)); */
}

void map_drop(u32 map)
{
	u32 root = map * table_geometry.root_tables;

	//@ assert roots: inv_roots;
	//@ assert used: inv_used;
	//@ assert entries: inv_entries;
	//@ assert zero: inv_zero;
	//@ assert bounds: inv_bounds;
	//@ assert stack: inv_stack;
	//@ assert root: root == first_root(map);
	/*@ loop invariant range: i <= table_geometry.root_tables;
	    loop invariant entries: inv_entries;
	    loop invariant zero: inv_zero;
	    loop invariant wiped: \forall integer r; root <= r < root + i ==> empty(r);
	    loop invariant other: \forall integer m, g; in_map(m, g) && m != map ==>
	      same_walk{Pre, Here}(m, g);
	    loop assigns i, table_pool[0 .. CV_MAX_TABLES - 1];
	    loop variant table_geometry.root_tables - i; */
	for (u32 i = 0; i < table_geometry.root_tables; i++)
		table_clear(root + i);
	machine_map_invalidate_all(map);
	/*@ loop invariant range: map_low[map] <= t;
	    loop invariant entries: inv_entries;
	    loop invariant zero: inv_zero;
	    loop invariant roots: \forall integer r;
	      root <= r < root + table_geometry.root_tables ==> empty(r);
	    loop invariant wiped: \forall integer r; map_low[map] <= r < t && pooled(r) &&
	      table_owner[r] == map ==> empty(r);
	    loop invariant other: \forall integer m, g; in_map(m, g) && m != map ==>
	      same_walk{Pre, Here}(m, g);
	    loop assigns t, table_pool[0 .. CV_MAX_TABLES - 1];
	    loop variant map_high[map] - t; */
	for (u32 t = map_low[map]; t < map_high[map]; t++) {
		if (table_owner[t] == map)
			table_clear(t);
	}
	/*@ assert wiped: \forall integer r; used(r) && table_owner[r] == map ==> empty(r); */
	/*@ loop invariant range: map_low[map] <= t;
	    loop invariant roots: inv_roots;
	    loop invariant used: inv_used;
	    loop invariant entries: inv_entries;
	    loop invariant zero: inv_zero;
	    loop invariant bounds: inv_bounds;
	    loop invariant stack: inv_stack;
	    loop invariant wiped: \forall integer r; used(r) && table_owner[r] == map ==> empty(r);
	    loop invariant gone: \forall integer r; map_low[map] <= r < t && pooled(r) ==>
	      table_owner[r] != map;
	    loop invariant more: table_free_nr >= \at(table_free_nr, Pre);
	    loop assigns t, table_free_nr, table_owner[0 .. CV_MAX_TABLES - 1],
	      table_free[0 .. CV_MAX_TABLES - 1], tg_order[0 .. CV_MAX_TABLES - 1],
	      tg_place[0 .. CV_MAX_TABLES - 1];
	    loop variant map_high[map] - t; */
	for (u32 t = map_low[map]; t < map_high[map]; t++) {
		if (table_owner[t] == map)
			table_put(t);
	}
	//@ assert none: \forall integer r; pooled(r) ==> table_owner[r] != map;
	map_low[map] = CV_MAX_TABLES;
	map_high[map] = 0;
	//@ assert bounds: inv_bounds;
	/*@ assert root_empty: \forall integer g; in_map(map, g) ==> empty(root_of(map, g)); */
	/*@ assert root_only: \forall integer g; in_map(map, g) ==>
	      at(map, g, table_geometry.start_level) == root_of(map, g) &&
	      depth(map, g) == table_geometry.start_level; */
	/*@ assert walk: \forall integer g; in_map(map, g) ==> walk_of(map, g) == 0; */
}

/* The tables from `roots` on are free; those below belong to their maps. */
/*@ requires geometry: geometry;
    requires roots: roots == CV_NR_MAPS * table_geometry.root_tables;
    requires zero: \forall integer t; 0 <= t < table_geometry.nr_tables ==> empty(t);
    terminates \true; exits \false;
    assigns table_free[0 .. CV_MAX_TABLES - 1], table_free_nr,
      table_owner[0 .. CV_MAX_TABLES - 1], map_low[0 .. CV_NR_MAPS - 1],
      map_high[0 .. CV_NR_MAPS - 1], tg_level[0 .. CV_MAX_TABLES - 1],
      tg_prefix[0 .. CV_MAX_TABLES - 1], tg_order[0 .. CV_MAX_TABLES - 1],
      tg_place[0 .. CV_MAX_TABLES - 1];
    KEEPS_POOL;
    ensures free: table_free_nr == table_geometry.nr_tables - roots; */
static void table_init_owners(u32 roots)
{
	table_free_nr = 0;
	/* Low tables are on top: what is in use stays close together. */
	/*@ loop invariant range: roots <= t <= table_geometry.nr_tables;
	    loop invariant free: table_free_nr == table_geometry.nr_tables - t;
	    loop invariant owner: \forall integer r; t <= r < table_geometry.nr_tables ==>
	      table_owner[r] == OWNER_NONE && tg_place[r] == table_geometry.nr_tables - 1 - r;
	    loop invariant stack: \forall integer k; 0 <= k < table_free_nr ==>
	      table_free[k] == table_geometry.nr_tables - 1 - k && tg_order[k] == table_free[k];
	    loop assigns t, table_free_nr, table_free[0 .. CV_MAX_TABLES - 1],
	      table_owner[0 .. CV_MAX_TABLES - 1], tg_order[0 .. CV_MAX_TABLES - 1],
	      tg_place[0 .. CV_MAX_TABLES - 1];
	    loop variant t; */
	for (u32 t = table_geometry.nr_tables; t > roots; t--) {
		table_owner[t - 1U] = OWNER_NONE;
		table_free[table_free_nr] = t - 1U;
		/*@ ghost
		    tg_order[table_free_nr] = (u32)(t - 1);
		    tg_place[t - 1] = table_free_nr; */
		table_free_nr++;
	}
	//@ assert stack: inv_stack;
	/*@ loop invariant range: map <= CV_NR_MAPS;
	    loop invariant bounds: \forall integer m; 0 <= m < map ==>
	      map_low[m] == CV_MAX_TABLES && map_high[m] == 0;
	    loop invariant pool: \forall integer r; pooled(r) ==> table_owner[r] == OWNER_NONE;
	    loop invariant roots: \forall integer m, r; 0 <= m < map &&
	      first_root(m) <= r < first_root(m) + table_geometry.root_tables ==>
	      table_owner[r] == m && tg_level[r] == table_geometry.start_level &&
	      tg_prefix[r] == r - first_root(m);
	    loop assigns map, table_owner[0 .. CV_MAX_TABLES - 1], map_low[0 .. CV_NR_MAPS - 1],
	      map_high[0 .. CV_NR_MAPS - 1], tg_level[0 .. CV_MAX_TABLES - 1],
	      tg_prefix[0 .. CV_MAX_TABLES - 1];
	    loop variant CV_NR_MAPS - map; */
	for (u32 map = 0; map < CV_NR_MAPS; map++) {
		u32 root = map * table_geometry.root_tables;

		map_low[map] = CV_MAX_TABLES;
		map_high[map] = 0;
		//@ assert root: root == first_root(map);
		/*@ loop invariant range: i <= table_geometry.root_tables;
		    loop invariant pool: \forall integer r; pooled(r) ==> table_owner[r] == OWNER_NONE;
		    loop invariant before: \forall integer m, r; 0 <= m < map &&
		      first_root(m) <= r < first_root(m) + table_geometry.root_tables ==>
		      table_owner[r] == m && tg_level[r] == table_geometry.start_level &&
		      tg_prefix[r] == r - first_root(m);
		    loop invariant this: \forall integer r; root <= r < root + i ==>
		      table_owner[r] == map && tg_level[r] == table_geometry.start_level &&
		      tg_prefix[r] == r - root;
		    loop assigns i, table_owner[0 .. CV_MAX_TABLES - 1],
		      tg_level[0 .. CV_MAX_TABLES - 1], tg_prefix[0 .. CV_MAX_TABLES - 1];
		    loop variant table_geometry.root_tables - i; */
		for (u32 i = 0; i < table_geometry.root_tables; i++) {
			table_owner[root + i] = (u16)map;
			/*@ ghost
			    tg_level[root + i] = table_geometry.start_level;
			    tg_prefix[root + i] = i; */
		}
	}
	//@ assert roots: inv_roots;
	/*@ assert owners: \forall integer r; 0 <= r < roots ==>
	      table_owner[r] == r / table_geometry.root_tables &&
	      tg_level[r] == table_geometry.start_level; */
	//@ assert apart: \forall integer r; used(r) ==> r < roots;
}

int table_init(u32 ipa_bits, u64 pool_pfn, u32 nr_tables)
{
	bool concatenated = ipa_bits < 44U;
	u32 root_tables;

	if (ipa_bits < 40U || ipa_bits > 48U)
		return CV_EINVAL;
	root_tables = concatenated ? 1U << (ipa_bits - 39U) : 1U;
	//@ assert roots_40: ipa_bits == 40 ==> root_tables == 2;
	//@ assert roots_41: ipa_bits == 41 ==> root_tables == 4;
	//@ assert roots_42: ipa_bits == 42 ==> root_tables == 8;
	//@ assert roots_43: ipa_bits == 43 ==> root_tables == 16;
	//@ assert roots_44: ipa_bits >= 44 ==> root_tables == 1;
	if (nr_tables < CV_NR_MAPS * root_tables || nr_tables > CV_MAX_TABLES)
		return CV_EINVAL;
	/* Concatenated tables are aligned to their size together (D8.2.2). */
	if (pool_pfn > PFN_LIMIT - nr_tables || pool_pfn % root_tables != 0U)
		return CV_EINVAL;

	table_geometry.gfn_limit = 1ULL << (ipa_bits - CV_PAGE_SHIFT);
	table_geometry.pool_pfn = pool_pfn;
	table_geometry.nr_tables = nr_tables;
	table_geometry.root_tables = root_tables;
	table_geometry.start_level = concatenated ? 1U : 0U;
	table_geometry.ipa_bits = ipa_bits;
	//@ assert ipa_40: ipa_bits == 40 ==> geometry;
	//@ assert ipa_41: ipa_bits == 41 ==> geometry;
	//@ assert ipa_42: ipa_bits == 42 ==> geometry;
	//@ assert ipa_43: ipa_bits == 43 ==> geometry;
	//@ assert ipa_44: ipa_bits == 44 ==> geometry;
	//@ assert ipa_45: ipa_bits == 45 ==> geometry;
	//@ assert ipa_46: ipa_bits == 46 ==> geometry;
	//@ assert ipa_47: ipa_bits == 47 ==> geometry;
	//@ assert ipa_48: ipa_bits == 48 ==> geometry;
	//@ assert ipa: geometry;
	table_init_owners(CV_NR_MAPS * root_tables);
	/*@ assert root_empty: \forall integer m, g; in_map(m, g) ==> empty(root_of(m, g)); */
	return 0;
}
