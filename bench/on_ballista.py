#!/usr/bin/env python3
"""The rules as SQL on a DataFusion Ballista cluster over Parquet, beside DuckDB over the same files.

  bench/on_ballista.py scheduler                 127.0.0.1:50050
  bench/on_ballista.py executor PORT HOST        each on a host address of its own (127.0.0.1, 127.0.0.2): the inner port is always 50052
  bench/on_ballista.py data FOLDER HUIMIN        Parquet files of random families, and every programme as SQL
  bench/on_ballista.py run FOLDER [PROGRAMME…]   each programme on both; outcome and amount of every unit compared

Wants `pip install ballista datafusion pyarrow numpy duckdb`. The wheels of ballista 54 are for glibc 2.39 and later. The queries are those
of `huimin sql --dialect postgres`; DataFusion does not know the word MATERIALIZED, which is left out. A query whose plan is nested deeper
than Ballista's messages allow (100 levels) is run step by step: each common table expression is written to Parquet and read by the next."""
import asyncio, glob, inspect, os, re, shutil, subprocess, sys, time, tomllib

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PACKS = [os.path.join(ROOT, "packs", name) for name in ("national", "wuhai", "demo-wuhai")]
DAY, DIVISION, HOUSEHOLDS = "2026-10-01", "150302001002", 400_000
STEP = re.compile(r"^(?:WITH )?(\w+) AS MATERIALIZED \(\n(.*?)\n\),?$", re.M | re.S)

async def serve():
    import ballista
    one = ballista.BallistaScheduler("127.0.0.1", 50050) if sys.argv[1] == "scheduler" else \
        ballista.BallistaExecutor(int(sys.argv[2]), sys.argv[3], "127.0.0.1", 50050, 1)
    for begun in (one.start, one.wait_for_termination):
        result = begun()
        if inspect.isawaitable(result): await result

def sql(huimin, programme, dialect, *more):
    words = [word for pack in PACKS for word in ("--pack", pack)]
    return subprocess.run([huimin, "sql", *words, "--synthetic", "--programme", programme, "--dialect", dialect, "--as-of", DAY, "--division", DIVISION, *more],
                          check=True, capture_output=True, text=True).stdout

def data(folder, huimin):
    import numpy as np, pyarrow as pa, pyarrow.parquet as pq
    os.makedirs(folder, exist_ok=True)
    lists, facts, programmes = {}, {}, []
    for path in [path for pack in PACKS for path in glob.glob(f"{pack}/**/*.toml", recursive=True)]:
        read = tomllib.load(open(path, "rb"))
        if "/cases/" in path: continue
        lists |= {one["id"]: [value["code"] for value in one["values"]] for one in read.get("codelist", [])}
        facts |= {one["id"]: one for one in read.get("fact", [])}
        programmes += [one["id"] for one in read.get("programme", [])]
    for programme in programmes:
        for dialect in ("postgres", "duckdb"):
            open(f"{folder}/{programme}.{dialect}.sql", "w").write(sql(huimin, programme, dialect))
    rng = np.random.default_rng(7)
    sizes = rng.choice([1, 2, 3, 4, 5], HOUSEHOLDS, p=[.3, .3, .2, .15, .05])
    rows = {"household": HOUSEHOLDS, "person": int(sizes.sum())}
    def column(table, name, ty):
        n, fact = rows[table], facts.get(name, {})
        if name == "id": return pa.array(np.arange(1, n + 1))
        if name == "division": return pa.array([DIVISION] * n)
        if name == "head_id": return pa.array(np.concatenate([[0], np.cumsum(sizes)[:-1]]) + 1, mask=rng.random(n) < .01)
        if name == "household_id": return pa.array(np.repeat(np.arange(1, HOUSEHOLDS + 1), sizes))
        if name.endswith("_known"): return pa.array(rng.random(n) < .99)
        if ty == "BOOLEAN": values = rng.random(n) < .5
        elif ty == "TEXT":
            codes = lists.get(fact.get("codelist"), ["x"])
            values = np.array(codes, dtype=object)[rng.integers(0, len(codes), n)]
            if "none" in codes: values = np.where(rng.random(n) < .7, "none", values)
        elif name == "born_on": values = rng.integers(-15000, 20000, n)
        elif fact.get("type") == "money": values = np.where(rng.random(n) < .6, 0, rng.integers(0, 120000, n))
        else:
            least, most = int(fact.get("min", 0)), int(fact.get("max", 9))
            values = np.where(rng.random(n) < .5, least, np.minimum(most, rng.integers(least, least + 6, n)))
        return pa.array(values, mask=rng.random(n) < .004)
    tables = sql(huimin, programmes[0], "postgres", "--tables")
    for table, text in re.findall(r'^CREATE TABLE "(household|person)" \((.*)\);$', tables, re.M):
        columns = {name: column(table, name, ty) for name, ty in re.findall(r'"(\w+)" (\w+)', text)}
        pq.write_table(pa.table(columns), f"{folder}/{table}.parquet", row_group_size=100_000)
        print(table, rows[table], "rows,", len(columns), "columns")

def register(context, name, path):
    context.sql(f"CREATE EXTERNAL TABLE {name} STORED AS PARQUET LOCATION '{path}'").collect()

def on_cluster(folder, programme):
    """The programme's rows, and whether it took steps."""
    import pyarrow as pa
    from ballista import BallistaSessionContext
    def context():
        context = BallistaSessionContext("df://localhost:50050")
        for table in ("household", "person"): register(context, table, f"{folder}/{table}.parquet")
        return context
    text = open(f"{folder}/{programme}.postgres.sql").read().strip().rstrip(";")
    try:
        return pa.Table.from_batches(context().sql(text.replace(" AS MATERIALIZED (", " AS (")).collect()), False
    except Exception as error:
        if "Protobuf" not in str(error): raise
    session, steps = context(), f"{folder}/steps"
    shutil.rmtree(steps, ignore_errors=True)
    for name, body in STEP.findall(text):
        session.sql(body).write_parquet(f"{steps}/{name}")
        register(session, name, f"{steps}/{name}/")
    return pa.Table.from_batches(session.sql(STEP.sub("", text).strip()).collect()), True

def run(folder, programmes):
    import duckdb
    duck = duckdb.connect()
    for table in ("household", "person"): duck.execute(f"CREATE VIEW {table} AS SELECT * FROM '{folder}/{table}.parquet'")
    for programme in programmes or sorted({os.path.basename(path).split(".")[0] for path in glob.glob(f"{folder}/*.sql")}):
        begun = time.time()
        try:
            found, steps = on_cluster(folder, programme)
        except Exception as error:
            print(programme, "FAILED", str(error)[:300], flush=True)
            continue
        took, begun = time.time() - begun, time.time()
        wanted = duck.execute(open(f"{folder}/{programme}.duckdb.sql").read()).to_arrow_table()
        other = time.time() - begun
        columns = [name for name in ("id", "outcome", "amount_fen") if name in wanted.column_names]
        rows = lambda table: list(zip(*(table.sort_by("id").column(name).to_pylist() for name in columns)))
        found, wanted = rows(found), rows(wanted)
        met = sum(row[1] == "met" for row in wanted)
        print(f"{programme}: {len(found)} rows, {met} met, {'equal' if found == wanted else 'DIFFERENT'}; Ballista {took:.1f} s{' (in steps)' if steps else ''}, DuckDB {other:.1f} s", flush=True)

if __name__ == "__main__":
    match sys.argv[1:]:
        case ["scheduler"] | ["executor", _, _]: asyncio.run(serve())
        case ["data", folder, huimin]: data(folder, huimin)
        case ["run", folder, *programmes]: run(folder, programmes)
        case _: sys.exit(__doc__)
