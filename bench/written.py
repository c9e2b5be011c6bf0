#!/usr/bin/env python3
"""Reads what `huimin sweep --write` wrote, with Polars and DuckDB, and prints the totals by division as JSON.   written.py FOLDER"""
import glob, json, os, sys
import duckdb, polars as pl, pyarrow as pa, pyarrow.dataset as ds
folder = sys.argv[1]
files = lambda shape: sorted(glob.glob(os.path.join(folder, shape + "-*.arrow")))
read = lambda shape: pl.concat([pl.read_ipc(file) for file in files(shape)])
households, people = read("household"), read("person")
people = people.with_columns(division=households["division"].gather(people["household"]))
count = max(households["division"]) + 1
result = {}
for table in (households, people):
    for name in table.columns:
        if name in ("division", "household") or "." in name: continue
        yes = table.filter(pl.col(name))
        sums = yes.group_by("division").agg(pl.len().alias("count"), pl.col(name + ".amount").cast(pl.Int64).sum().alias("fen"))
        by = {row["division"]: row for row in sums.to_dicts()}
        result[name] = {"count": [by.get(d, {}).get("count", 0) for d in range(count)], "amount": [(by.get(d, {}).get("fen", 0) or 0) / 100 for d in range(count)]}
# The same once more with DuckDB, over pyarrow: what one reader takes another must too.
for shape, table in (("household", households), ("person", people)):
    arrow = ds.dataset(files(shape), format="ipc").to_table()
    connection = duckdb.connect(); connection.register("written", arrow)
    for name in result:
        if name in table.columns:
            found = connection.execute(f'SELECT count(*) FILTER (WHERE "{name}"), sum("{name}.amount") FROM written').fetchone()
            wanted = (sum(result[name]["count"]), round(sum(result[name]["amount"]) * 100))
            assert (found[0], found[1] or 0) == wanted, (name, found, wanted)
print(json.dumps(result))
