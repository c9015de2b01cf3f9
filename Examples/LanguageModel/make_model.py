"""Trains rhyme.tflite: a language model of letters that knows one nursery rhyme, with a key-value cache.

Two layers, two heads, 32 numbers wide, 96 letters of context; trained from a fixed seed in about a minute. Two signatures over the same weights:

- `prefill`: tokens int32 [16], the first at `position` int32 [1], and the caches; logits float32 [16, 29] and the caches with those tokens added.
- `decode`: the same for one token.

The caches `k0`, `v0`, `k1`, `v1` are float32 [2, 96, 16]: head, position, width. Padding behind a prompt does no harm: a token sees only what stands
before it, and later tokens overwrite it.

Needs PyTorch and the packages that Tests/Fixtures/README.md names. Usage: python make_model.py
"""

import pathlib
import sys

import numpy as np
import torch
from torch.nn import functional

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "Tests/Fixtures"))
from ai_edge_litert import schema_py_generated as schema  # noqa: E402
from builder import Model  # noqa: E402

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz."
LAYERS, HEADS, WIDTH, HIDDEN, CONTEXT, CHUNK = 2, 2, 32, 64, 96, 16
HEAD = WIDTH // HEADS
EPSILON = 1e-5


def rhyme():
    """The House That Jack Built, traditional."""
    verses = ["this is the house that jack built."]
    verbs = ["lay in", "ate", "killed", "worried", "tossed", "milked", "kissed"]
    things = ["house that jack built.", "malt", "rat", "cat", "dog", "cow with the crumpled horn", "maiden all forlorn",
              "man all tattered and torn"]
    for last in range(1, len(things)):
        verse = f"this is the {things[last]}"
        for index in range(last, 0, -1):
            verse += f" that {verbs[index - 1]} the {things[index - 1]}"
        verses.append(verse)
    return "\n".join(verses) + "\n"


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()

        def weight(*shape):
            return torch.nn.Parameter(torch.randn(*shape) * shape[-1] ** -0.5)

        self.tokens = weight(len(ALPHABET), WIDTH)
        self.positions = weight(CONTEXT, WIDTH)
        self.layers = torch.nn.ModuleList(
            torch.nn.ParameterDict({
                "q": weight(WIDTH, WIDTH), "k": weight(WIDTH, WIDTH), "v": weight(WIDTH, WIDTH), "o": weight(WIDTH, WIDTH),
                "up": weight(HIDDEN, WIDTH), "down": weight(WIDTH, HIDDEN)}) for _ in range(LAYERS))
        self.head = weight(len(ALPHABET), WIDTH)

    @staticmethod
    def norm(x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPSILON)

    def forward(self, tokens):
        count = tokens.shape[-1]
        x = self.tokens[tokens] + self.positions[:count]
        for layer in self.layers:
            y = self.norm(x)
            q, k, v = ((y @ layer[name].T).unflatten(-1, (HEADS, HEAD)).transpose(-2, -3) for name in "qkv")
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + y.transpose(-2, -3).flatten(-2) @ layer["o"].T
            x = x + torch.relu(self.norm(x) @ layer["up"].T) @ layer["down"].T
        return self.norm(x) @ self.head.T


def train():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    data = torch.tensor([ALPHABET.index(letter) for letter in "\n" + rhyme()])
    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.01)
    steps = 1500
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    for step in range(steps):
        starts = torch.randint(0, len(data) - CONTEXT, (24,))
        # Half of them begin a line, as prompts do.
        begins = (data[:-CONTEXT] == 0).nonzero().flatten()
        starts[:12] = begins[torch.randint(0, len(begins), (12,))]
        batch = torch.stack([data[start:start + CONTEXT + 1] for start in starts])
        loss = functional.cross_entropy(network(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 300 == 299:
            print(f"step {step + 1}: loss {loss.item():.3f}")
    return network


class Writer:
    """Appends operators to one signature's graph."""

    def __init__(self, graph, network):
        self.graph = graph
        self.network = network

    def op(self, name, inputs, shape, options=None, dtype=np.float32, version=1):
        output = self.graph.tensor(shape, dtype)
        self.graph.add(name, inputs, [output], options, version)
        return output

    def constant(self, values, dtype=np.float32):
        return self.graph.constant(np.asarray(values, dtype))

    def dense(self, x, weight, rows, relu=False):
        weight = weight.detach().numpy()
        activation = schema.ActivationFunctionType.RELU if relu else schema.ActivationFunctionType.NONE
        return self.op("FULLY_CONNECTED", [x, self.constant(weight), -1], (rows, weight.shape[0]),
                       schema.FullyConnectedOptionsT(fusedActivationFunction=activation), version=1)

    def norm(self, x, rows):
        square = self.op("MUL", [x, x], (rows, WIDTH), schema.MulOptionsT())
        mean = self.op("MEAN", [square, self.constant([1], np.int32)], (rows, 1), schema.ReducerOptionsT(keepDims=True))
        shifted = self.op("ADD", [mean, self.constant(EPSILON)], (rows, 1), schema.AddOptionsT())
        return self.op("MUL", [x, self.op("RSQRT", [shifted], (rows, 1))], (rows, WIDTH), schema.MulOptionsT())

    def reshape(self, x, shape, dtype=np.float32):
        return self.op("RESHAPE", [x, self.constant(shape, np.int32)], shape, schema.ReshapeOptionsT(newShape=list(shape)), dtype)

    def transpose(self, x, order, shape):
        return self.op("TRANSPOSE", [x, self.constant(order, np.int32)], shape, schema.TransposeOptionsT())

    def heads(self, x, rows):
        return self.transpose(self.reshape(x, (rows, HEADS, HEAD)), (1, 0, 2), (HEADS, rows, HEAD))


def write(model, network, key, rows):
    graph = model.graph(key)
    w = Writer(graph, network)
    tokens = graph.input("tokens", (rows,), np.int32)
    position = graph.input("position", (1,), np.int32)
    caches = {name: graph.input(name, (HEADS, CONTEXT, HEAD)) for name in ("k0", "v0", "k1", "v1")}
    places = w.op("ADD", [position, w.constant(np.arange(rows), np.int32)], (rows,), schema.AddOptionsT(), np.int32)
    embedded = w.op("GATHER", [w.constant(network.tokens.detach().numpy()), tokens], (rows, WIDTH), schema.GatherOptionsT())
    placed = w.op("GATHER", [w.constant(network.positions.detach().numpy()), places], (rows, WIDTH), schema.GatherOptionsT())
    x = w.op("ADD", [embedded, placed], (rows, WIDTH), schema.AddOptionsT())
    zero = w.constant([0], np.int32)
    start = w.op("CONCATENATION", [zero, position, zero], (3,), schema.ConcatenationOptionsT(axis=0), np.int32)
    seen = w.op("LESS_EQUAL", [w.constant(np.arange(CONTEXT)[None], np.int32), w.reshape(places, (rows, 1), np.int32)],
                (rows, CONTEXT), schema.LessEqualOptionsT(), np.bool_)
    results = {}
    for index, layer in enumerate(network.layers):
        y = w.norm(x, rows)
        q = w.heads(w.dense(y, layer["q"] * HEAD ** -0.5, rows), rows)
        for name in "kv":
            new = w.heads(w.dense(y, layer[name], rows), rows)
            cache = f"{name}{index}"
            results[cache] = w.op("DYNAMIC_UPDATE_SLICE", [caches[cache], new, start], (HEADS, CONTEXT, HEAD))
        scores = w.op("BATCH_MATMUL", [q, results[f"k{index}"]], (HEADS, rows, CONTEXT), schema.BatchMatMulOptionsT(adjY=True))
        masked = w.op("SELECT_V2", [seen, scores, w.constant(-1e9)], (HEADS, rows, CONTEXT))
        weights = w.op("SOFTMAX", [masked], (HEADS, rows, CONTEXT), schema.SoftmaxOptionsT(beta=1.0))
        y = w.op("BATCH_MATMUL", [weights, results[f"v{index}"]], (HEADS, rows, HEAD), schema.BatchMatMulOptionsT())
        y = w.reshape(w.transpose(y, (1, 0, 2), (rows, HEADS, HEAD)), (rows, WIDTH))
        x = w.op("ADD", [x, w.dense(y, layer["o"], rows)], (rows, WIDTH), schema.AddOptionsT())
        hidden = w.dense(w.norm(x, rows), layer["up"], rows, relu=True)
        x = w.op("ADD", [x, w.dense(hidden, layer["down"], rows)], (rows, WIDTH), schema.AddOptionsT())
    graph.output(w.dense(w.norm(x, rows), network.head, rows), "logits")
    for name, result in results.items():
        graph.output(result, name)


if __name__ == "__main__":
    network = train()
    model = Model()
    write(model, network, "prefill", CHUNK)
    write(model, network, "decode", 1)
    (here / "rhyme.tflite").write_bytes(model.bytes())
