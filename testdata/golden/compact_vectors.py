"""Vectors of the compact profile, from the text of docs/FORMAT.md alone: whole numbers, no tricks.

python3 compact_vectors.py compact_vectors.json makes the file beside it again.
"""
import json, random, sys
from decimal import Decimal, getcontext
getcontext().prec = 60

def nearest(value): return int((value + Decimal("0.5")).__floor__())
def zero_cost(table):
    s = -table["offset"]; c = table["cdf"]
    if not 0 <= s < len(c) - 2: return 65536
    return nearest(4096 * (Decimal(65536) / (c[s+1] - c[s])).ln() / Decimal(2).ln())
A = [nearest(Decimal(2)**32 * Decimal(2)**(-Decimal(i)/16)) for i in range(257)]
B = [nearest(Decimal(2)**16 * Decimal(2)**(-Decimal(k)/1024)) for k in range(64)]
def derived(S):
    i = min(S >> 8, 256); k = 0 if i == 256 else (S >> 2) & 63
    return min(max((A[i]*B[k]) >> 32, 1), 65535)

def i32(v): return (v + 2**31) % 2**32 - 2**31

def encode(ops):
    """ops in decoding order: (start, frequency) or ('digit', d)"""
    x = 0; words = []
    for op in reversed(ops):
        if op[0] == "digit":
            if x >= 1 << 28: words.append(x & 0xffff); x >>= 16
            x = x << 4 | op[1]
        else:
            a, f = op
            if x >= f << 16: words.append(x & 0xffff); x >>= 16
            x = ((x // f) << 16) + x % f + a
        assert 0 <= x < 2**32
    if x >= 1 << 16: words.append(x & 0xffff); x >>= 16; words.append(x)
    elif x: words.append(x)
    return words[::-1]

def symbol_ops(table, symbol):
    c = table["cdf"]; e = len(c) - 2; v = i32(symbol - table["offset"])
    if 0 <= v < e: return [(c[v], c[v+1]-c[v])]
    raw = -2*v - 1 if v < 0 else 2*(v - e)
    assert 0 <= raw < 2**32
    n = 0
    while raw >> 4*n: n += 1
    return [(c[e], c[e+1]-c[e]), ("digit", n)] + [("digit", raw >> 4*j & 15) for j in range(n)]

def order_of(kind, tables, C, P, stored):
    if kind == 0: return list(range(C))
    if kind == 3: return stored
    first = sorted(range(C), key=lambda c: (-zero_cost(tables[c]), c))
    if kind == 1: return first
    K = -(-C // P)
    size = [P]*(K-1) + [C-(K-1)*P]
    groups = [[] for _ in range(K)]; k = 0
    for c in first:
        while len(groups[k]) == size[k]: k = (k+1) % K
        groups[k].append(c); k = (k+1) % K
    return sum(groups, [])

def streams(case):
    C,H,W,P,R = (case[k] for k in ("channels","height","width","channels_per_stream","rows_per_stream"))
    T = case["tables"]; order = case["order"]; out = []
    for k in range(-(-C//P)):
        for b in range(-(-H//R)):
            rows = range(b*R, min(H,(b+1)*R)); flags = []; ops = []
            for c in order[k*P:(k+1)*P]:
                at = [(c*H+r)*W+x for r in rows for x in range(W)]
                t = [case["indexes"][i] if case["indexes"] else c for i in at]
                fd = case["flags"][c] if case["flags"] else derived(sum(zero_cost(T[j]) for j in t))
                syms = [case["symbols"][i] for i in at]
                if any(syms):
                    flags.append((fd, 65536-fd))
                    for s,j in zip(syms,t): ops += symbol_ops(T[j], s)
                else: flags.append((0, fd))
            out.append("".join("%02x%02x" % (w & 255, w >> 8) for w in encode(flags+ops)))
    return out

rng = random.Random(20261122)
def table(kind):
    if kind == "escape": return {"offset": rng.choice([0,-3,7]), "cdf": [0,65536]}
    if kind == "steep":
        return {"offset": -1, "cdf": [0, 3, 65530, 65534, 65536]}
    if kind == "surest": return {"offset": 0, "cdf": [0, 65535, 65536]}
    if kind == "nozero": return {"offset": 3, "cdf": [0, 100, 40000, 65536]}
    if kind == "zeroescape": return {"offset": -2, "cdf": [0, 32768, 65535, 65536]}
    if kind == "wide":
        n = 300; cuts = sorted(rng.sample(range(1,65536), n)); return {"offset": -150, "cdf": [0]+cuts+[65536]}
    n = rng.randint(2, 12); cuts = sorted(rng.sample(range(1,65536), n)); return {"offset": -rng.randint(0,n-1), "cdf": [0]+cuts+[65536]}
KINDS = ["escape","steep","surest","nozero","zeroescape","wide","any","any","steep","steep"]

def make(name, C,H,W,P,R, kind, stored_flags=False, indexes=False, values="some"):
    T = [table(rng.choice(KINDS)) for _ in range(5 if indexes else C)]
    n = C*H*W
    if values == "zero": s = [0]*n
    elif values == "out": s = [rng.choice([-2**31, 2**31-1, rng.randrange(-2**31,2**31)]) for _ in range(n)]
    else:
        s = []
        for c in range(C):
            for r in range(H):
                alive = rng.random() < 0.4
                s += [int(round(rng.gauss(0,1.3))) if alive else 0 for _ in range(W)]
        for _ in range(max(1,n//60)): s[rng.randrange(n)] = rng.choice([0, 40, -70, 1000, -2**31, 2**31-1, 12345678, -5000])
    stored = list(range(C)); rng.shuffle(stored)
    case = {"name": name, "channels": C, "height": H, "width": W, "channels_per_stream": P, "rows_per_stream": R,
      "tables": T, "order_kind": kind, "order": order_of(kind, T, C, P, stored), "flag_kind": int(stored_flags),
      "flags": [rng.choice([1,65535,rng.randint(1,65535)]) for _ in range(C)] if stored_flags else None,
      "indexes": [rng.randrange(len(T)) for _ in range(n)] if indexes else None, "symbols": s}
    case["streams"] = streams(case)
    return case

cases = [
  {"name":"example of FORMAT.md","channels":1,"height":1,"width":3,"channels_per_stream":1,"rows_per_stream":1,
   "tables":[{"offset":-1,"cdf":[0,16384,49152,65536]}],"order_kind":0,"order":[0],"flag_kind":0,"flags":None,"indexes":None,"symbols":[0,-1,3]},
]
cases[0]["streams"] = streams(cases[0])
cases += [
  make("one symbol",1,1,1,1,1,0),
  make("one zero",1,1,1,1,1,0,values="zero"),
  make("identity, bands",6,5,3,4,2,0),
  make("active first",13,3,4,5,3,1),
  make("dealt",13,3,4,5,3,2),
  make("dealt, P not dividing C, bands",23,4,5,6,3,2),
  make("stored order and flags",9,3,3,4,3,3,stored_flags=True),
  make("stored flags, dealt",10,2,6,3,2,2,stored_flags=True),
  make("all dead",12,2,2,5,2,1,values="zero"),
  make("all dead, stored flags",12,2,2,5,2,1,stored_flags=True,values="zero"),
  make("all out of range",4,2,5,3,1,2,values="out"),
  make("indexes",7,4,3,3,2,0,indexes=True),
  make("indexes, stored order",7,4,3,2,4,3,indexes=True),
  make("one stream of all",11,4,4,11,4,2),
  make("one channel a stream",8,4,4,1,4,1),
]
out = {"A": A, "B": B, "zero_costs": "nearest integer to 4096*log2(65536/f0); 65536 without an interval for 0",
       "derived": [{"cost": S, "frequency": derived(S)} for S in [0,1,2,3,4,5,63,64,255,256,257,1000,4096,9999,16384,30000,65535,65536,70000,10**12]],
       "cases": cases}
for c in cases: c["costs"] = [zero_cost(t) for t in c["tables"]]
text = json.dumps(out, separators=(",",":"))
open(sys.argv[1],"w").write(text)
