"""Reads and writes safetensors files with nothing but numpy.

A file is: u64 little-endian length of the header; the header, JSON padded with spaces to a multiple of 8; the tensors.
Each header entry is name: {dtype, shape, data_offsets: [begin, end]}, the offsets counted from the end of the header.
"""

import json
from pathlib import Path

import numpy as np

DTYPES = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I32": np.dtype("<i4"),
    "I64": np.dtype("<i8"),
    "U8": np.dtype("u1"),
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


def write(path, tensors):
    """Writes {name: array} in the order given, so that equal tensors give equal bytes."""
    header, blocks, offset = {}, [], 0
    for name, array in tensors.items():
        array = np.asarray(array)
        block = array.astype(array.dtype.newbyteorder("<")).tobytes(order="C")
        header[name] = {
            "dtype": NAMES[np.dtype(array.dtype).newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(block)],
        }
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blocks))


def read(path):
    """Returns {name: array}, in the order of the bytes; refuses a file whose parts do not add up."""
    data = Path(path).read_bytes()
    if len(data) < 8:
        raise ValueError(f"{path}: {len(data)} bytes are too few for a safetensors file")
    length = int.from_bytes(data[:8], "little")
    if 8 + length > len(data):
        raise ValueError(f"{path}: the header claims {length} bytes, and only {len(data) - 8} follow")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    tensors, expected = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"{path}: {name} has dtype {entry['dtype']}; known are {', '.join(DTYPES)}")
        dtype = DTYPES[entry["dtype"]]
        begin, end = entry["data_offsets"]
        size = int(np.prod(entry["shape"], dtype=np.int64)) * dtype.itemsize
        if begin != expected or end - begin != size or end > len(body):
            raise ValueError(f"{path}: {name} {entry['shape']} needs {size} bytes at {expected}, but has [{begin}, {end})")
        tensors[name] = np.frombuffer(body[begin:end], dtype).reshape(entry["shape"])
        expected = end
    if expected != len(body):
        raise ValueError(f"{path}: {len(body) - expected} bytes follow the last tensor")
    return tensors
