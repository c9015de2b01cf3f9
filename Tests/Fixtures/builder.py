"""Writes small .tflite files by hand, operator by operator."""

from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}


@dataclass(frozen=True)
class Affine:
    """value = scale * (q - zero_point); one scale for the tensor, or one for each index of `axis`."""

    scale: float | tuple[float, ...]
    zero_point: int = 0
    axis: int = 0

    def table(self) -> schema.QuantizationParametersT:
        scales = list(np.atleast_1d(self.scale))
        return schema.QuantizationParametersT(
            scale=scales, zeroPoint=[self.zero_point] * len(scales), quantizedDimension=self.axis)


class AlignedBuffer(schema.BufferT):
    """A buffer whose data start at a multiple of 16 bytes, as the schema demands and its generated writer forgets."""

    def Pack(self, builder: flatbuffers.Builder) -> int:
        data = None
        if self.data is not None:
            builder.StartVector(1, len(self.data), 16)
            builder.head -= len(self.data)
            builder.Bytes[builder.head:builder.head + len(self.data)] = self.data
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


class Model:
    """A model under construction: its subgraphs share buffers and operator codes."""

    def __init__(self):
        self.graphs: list[Graph] = []
        self.buffers = [AlignedBuffer()]
        self.codes: list[schema.OperatorCodeT] = []

    def graph(self, signature: str = "serving_default") -> "Graph":
        self.graphs.append(Graph(self, signature))
        return self.graphs[-1]

    def buffer(self, data: bytes) -> int:
        """The index of a buffer with `data`; equal data share one."""
        for index, buffer in enumerate(self.buffers):
            if buffer.data == data:
                return index
        self.buffers.append(AlignedBuffer(data=data))
        return len(self.buffers) - 1

    def code(self, name: str, version: int) -> int:
        """The index of the operator code for the builtin `name`, or for a custom operator if there is no such builtin."""
        builtin = getattr(schema.BuiltinOperator, name, schema.BuiltinOperator.CUSTOM)
        custom = name if builtin == schema.BuiltinOperator.CUSTOM else None
        for index, code in enumerate(self.codes):
            if (code.builtinCode, code.customCode, code.version) == (builtin, custom, version):
                return index
        self.codes.append(schema.OperatorCodeT(min(builtin, 127), custom, version, builtin))
        return len(self.codes) - 1

    def bytes(self) -> bytes:
        model = schema.ModelT(
            version=3, description="TFLiteRuntime fixture", operatorCodes=self.codes, buffers=self.buffers,
            subgraphs=[graph.table for graph in self.graphs],
            signatureDefs=[graph.signature_table(index) for index, graph in enumerate(self.graphs)])
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


class Graph:
    """One subgraph and the signature that names its inputs and outputs. Tensors are given by their indices."""

    def __init__(self, model: Model, signature: str):
        self.model = model
        self.signature = signature
        self.table = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[], name=signature)
        self.names: dict[int, str] = {}

    def tensor(self, shape, dtype, affine: Affine | None = None, name: str | None = None,
               dynamic: tuple[int, ...] | None = None, buffer: int = 0) -> int:
        """A tensor; `dynamic` is its shape with -1 for what a caller may choose."""
        index = len(self.table.tensors)
        self.table.tensors.append(schema.TensorT(
            shape=list(shape), type=TYPES[np.dtype(dtype)], buffer=buffer, name=name or f"{self.signature}_t{index}",
            quantization=affine.table() if affine else None,
            shapeSignature=list(dynamic) if dynamic else None, hasRank=True))
        return index

    def constant(self, values: np.ndarray, affine: Affine | None = None) -> int:
        values = np.ascontiguousarray(values)
        return self.tensor(values.shape, values.dtype, affine, buffer=self.model.buffer(values.tobytes()))

    def input(self, name: str, shape, dtype=np.float32, affine: Affine | None = None, dynamic=None) -> int:
        index = self.tensor(shape, dtype, affine, f"{self.signature}_{name}", dynamic)
        self.table.inputs.append(index)
        self.names[index] = name
        return index

    def output(self, index: int, name: str) -> None:
        self.table.outputs.append(index)
        self.names[index] = name

    def add(self, name: str, inputs: list[int], outputs: list[int], options=None, version: int = 1) -> None:
        """Appends the operator `name` with its options table (`schema.XOptionsT`); input -1 is one left out."""
        kind = 0
        if options is not None:
            kind = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.table.operators.append(schema.OperatorT(
            opcodeIndex=self.model.code(name, version), inputs=inputs, outputs=outputs,
            builtinOptionsType=kind, builtinOptions=options))

    def signature_table(self, subgraph: int) -> schema.SignatureDefT:
        def maps(indices):
            return [schema.TensorMapT(self.names[index], index) for index in indices]

        return schema.SignatureDefT(maps(self.table.inputs), maps(self.table.outputs), self.signature, subgraph)
