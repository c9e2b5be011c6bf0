#!/usr/bin/env python3
"""The manifest of gen.py's columns for `huimin snapshot`.   manifest.py DATA 1m|10m   prints JSON"""
import json, os, sys
meta = json.load(open(os.path.join(sys.argv[1], "meta.json")))["sub" if sys.argv[2] == "1m" else "full"]
codes = {"hukou": ["urban", "rural"]}
def column(prefix, name, ty):
    return {"field": name, "file": f"{prefix}_{name}.bin", "type": ty, **({"codes": codes[name]} if name in codes else {})}
person = [column("p", name, "u8") for name in ("age", "hukou", "dis_level", "dis_type", "work_ability", "employed", "serious", "care_level",
                                               "orphan", "defacto", "has_supporter")]
person += [column("p", name, "i64") for name in ("wage", "business", "property", "transfer", "medical")]
household = [column("h", name, "u8") for name in ("houses", "cars")] + [column("h", name, "i64") for name in ("assets", "rigid")]
print(json.dumps({
    "as_of": "2026-10-01",
    "root": {"shape": "household", "rows": meta["households"], "columns": household},
    "division": {"file": "h_district.bin", "type": "u8", "codes": [f"9901{n:02d}" for n in range(1, 11)]},
    "tables": [{"relation": "members", "rows": meta["persons"], "offsets": {"file": "h_offset.bin", "type": "u32"}, "columns": person}],
    "first_row": {"head": "members"}}, indent=1))
