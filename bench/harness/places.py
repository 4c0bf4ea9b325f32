"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "bench" / "peers"
WORK = ROOT / "target" / "bench"
LOGS = WORK / "logs"
BIN = WORK / "bin"
DATA = WORK / "data"
RESULTS = WORK / "results.json"
MLGATE = ROOT / "target" / "release" / "mlgate"
DOCS = ROOT / "docs"
