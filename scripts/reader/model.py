"""The reader's network: one DistilBERT encoder, entity heads on it, and a quotation top.

Parameters have the names that Hugging Face gives them, so a directory written from here opens as a
`DistilBertForTokenClassification`. The encoder is written out rather than taken from `transformers`
because training runs on a CPU in bf16: weights are cast once where they are used, activations stay
in bf16, attention weights are not dropped out, and dropout masks are slices of one random table.
Together this makes a training step twice as fast.
"""

import torch
import torch.nn.functional as F
from torch import nn

DROPOUT = 0.1


class DropoutTable:
    """Dropout masks cut at random offsets from one table, far cheaper than fresh random numbers."""

    def __init__(self, size: int = 1 << 23):
        self.keep = ((torch.rand(size) >= DROPOUT) / (1 - DROPOUT)).to(torch.bfloat16)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        offset = int(torch.randint(len(self.keep) - x.numel(), ()))
        return x * self.keep[offset : offset + x.numel()].view_as(x).to(x.dtype)


class LinearFunction(torch.autograd.Function):
    """`x @ weight.T + bias` in x's precision; the gradient of an fp32 weight stays cheap.

    A product with a transposed, 3072 wide operand is several times slower than with a
    contiguous one, so the narrower of the gradient's two operands is transposed beforehand.
    """

    @staticmethod
    def forward(ctx, x, weight, bias):
        weight = weight.to(x.dtype)
        ctx.save_for_backward(x, weight)
        return F.linear(x, weight, bias.to(x.dtype))

    @staticmethod
    def backward(ctx, dy):
        x, weight = ctx.saved_tensors
        dx = (dy @ weight) if ctx.needs_input_grad[0] else None
        x, dy = x.reshape(-1, x.shape[-1]), dy.reshape(-1, dy.shape[-1])
        if dy.shape[1] <= x.shape[1]:
            dw = dy.t().contiguous() @ x
        else:
            dw = (x.t().contiguous() @ dy).t()
        return dx, dw.float(), dy.sum(0, dtype=torch.float32)


class Linear(nn.Linear):
    """A linear map computed in its input's precision."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return LinearFunction.apply(x, self.weight, self.bias)


class LayerNorm(nn.LayerNorm):
    """Layer normalisation computed in its input's precision, with DistilBERT's epsilon."""

    def __init__(self, dim: int):
        super().__init__(dim, eps=1e-12)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
        return F.layer_norm(x, self.normalized_shape, weight, bias, self.eps)


class Attention(nn.Module):
    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_lin = Linear(dim, dim)
        self.k_lin = Linear(dim, dim)
        self.v_lin = Linear(dim, dim)
        self.out_lin = Linear(dim, dim)

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        batch, length, dim = x.shape

        def heads(y: torch.Tensor) -> torch.Tensor:
            return y.view(batch, length, self.heads, -1).transpose(1, 2)

        q = heads(self.q_lin(x) * (dim // self.heads) ** -0.5)
        scores = q @ heads(self.k_lin(x)).transpose(-1, -2)
        if mask is not None:
            scores = scores + mask
        context = scores.softmax(-1) @ heads(self.v_lin(x))
        return self.out_lin(context.transpose(1, 2).reshape(batch, length, dim))


class FeedForward(nn.Module):
    def __init__(self, dim: int, hidden: int):
        super().__init__()
        self.lin1 = Linear(dim, hidden)
        self.lin2 = Linear(hidden, dim)
        # Input-major storage for the widening map: its products then need no transposition.
        self.lin1.weight = nn.Parameter(self.lin1.weight.data.t().contiguous().t())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lin2(F.gelu(self.lin1(x)))


class Layer(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        dim = config["dim"]
        self.attention = Attention(dim, config["n_heads"])
        self.sa_layer_norm = LayerNorm(dim)
        self.ffn = FeedForward(dim, config["hidden_dim"])
        self.output_layer_norm = LayerNorm(dim)

    def forward(self, x, mask, dropout):
        x = self.sa_layer_norm(x + dropout(self.attention(x, mask)))
        return self.output_layer_norm(x + dropout(self.ffn(x)))


class Embeddings(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        self.word_embeddings = nn.Embedding(config["vocab_size"], config["dim"])
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], config["dim"])
        self.LayerNorm = LayerNorm(config["dim"])

    def forward(self, ids: torch.Tensor, precision: torch.dtype) -> torch.Tensor:
        positions = self.position_embeddings.weight[: ids.shape[1]]
        return self.LayerNorm((self.word_embeddings(ids) + positions).to(precision))


class Encoder(nn.Module):
    """DistilBERT: subword ids and their attention mask to the last layer's states."""

    def __init__(self, config: dict):
        super().__init__()
        self.embeddings = Embeddings(config)
        self.transformer = nn.Module()
        self.transformer.layer = nn.ModuleList(Layer(config) for _ in range(config["n_layers"]))

    def forward(self, ids, mask, dropout, precision):
        x = dropout(self.embeddings(ids, precision))
        for layer in self.transformer.layer:
            x = layer(x, mask, dropout)
        return x


SEQUENCES = ("source", "cue", "content", "inner_content")
"""The quotation top's tag sequences; `inner_content` holds contents that lie in another content."""
LINK_DIM = 128
RELATIONS = ("cue", "source")
"""What a content span is linked to."""
GAPS = (0, 1, 2, 4, 8, 16, 32, 64)
"""Upper ends of the distance buckets, in words; a last bucket takes what is farther."""
BUCKETS = 1 + 2 * (len(GAPS) + 1)


def bucket(content: tuple[int, int], other: tuple[int, int]) -> int:
    """Bucket of the distance from a content span to another span, both `(start, end)` in words.

    0 if they overlap; then the buckets of spans after the content; then of those before it.
    """
    if other[0] < content[1] and content[0] < other[1]:
        return 0
    after = other[0] >= content[1]
    gap = other[0] - content[1] if after else content[0] - other[1]
    place = sum(gap > end for end in GAPS)
    return 1 + place + (0 if after else len(GAPS) + 1)


class QuoteTop(nn.Module):
    """One or more further encoder layers, tag sequences as linear chains, and a linker of spans."""

    def __init__(self, config: dict, layers: int):
        super().__init__()
        dim = config["dim"]
        self.mark_embeddings = nn.Embedding(4, dim)
        self.boundary_embeddings = nn.Embedding(3, dim)
        self.layer = nn.ModuleList(Layer(config) for _ in range(layers))
        self.tagger = Linear(dim, 3 * len(SEQUENCES))
        self.transitions = nn.Parameter(torch.zeros(len(SEQUENCES), 3, 3))
        self.content_projection = Linear(2 * dim, LINK_DIM * len(RELATIONS))
        self.cue_projection = Linear(2 * dim, LINK_DIM)
        self.source_projection = Linear(2 * dim, LINK_DIM)
        self.no_link = Linear(2 * dim, len(RELATIONS))
        self.distance = nn.Parameter(torch.zeros(len(RELATIONS), BUCKETS))
        for table in (self.mark_embeddings, self.boundary_embeddings):
            nn.init.normal_(table.weight, std=0.02)

    def states(self, x, marks, boundaries, mask, dropout):
        x = x + (self.mark_embeddings(marks) + self.boundary_embeddings(boundaries)).to(x.dtype)
        for layer in self.layer:
            x = layer(x, mask, dropout)
        return x

    def emissions(self, words: torch.Tensor) -> torch.Tensor:
        """Tag logits [..., sequence, tag] of word states [..., dim]."""
        return self.tagger(words).unflatten(-1, (len(SEQUENCES), 3))

    def links(self, words, contents, others, relation: int) -> torch.Tensor:
        """Scores [content, 1 + other]: no link, then each other; spans in words of one window."""

        def ends(spans):
            at = torch.tensor(spans)
            return torch.cat([words[at[:, 0]], words[at[:, 1] - 1]], -1)

        content = ends(contents)
        none = self.no_link(content)[:, relation : relation + 1]
        if not others:
            return none
        part = slice(relation * LINK_DIM, (relation + 1) * LINK_DIM)
        left = F.gelu(self.content_projection(content)[:, part])
        projection = self.cue_projection if RELATIONS[relation] == "cue" else self.source_projection
        right = F.gelu(projection(ends(others)))
        buckets = torch.tensor([[bucket(c, o) for o in others] for c in contents])
        scores = left @ right.T * LINK_DIM**-0.5 + self.distance[relation][buckets]
        return torch.cat([none, scores], -1)


class Reader(nn.Module):
    """The shared encoder, an entity head for each tag set, and the quotation top."""

    def __init__(self, config: dict, news_tags: int, conll_tags: int, top_layers: int):
        super().__init__()
        self.distilbert = Encoder(config)
        self.classifier = Linear(config["dim"], news_tags)
        self.conll_classifier = Linear(config["dim"], conll_tags)
        self.quotes = QuoteTop(config, top_layers)

    def start_from(self, base: dict[str, torch.Tensor]) -> None:
        """Take the base's weights."""
        self.distilbert.load_state_dict(base)
        self.start_top()

    def start_top(self) -> None:
        """Begin the quotation top's layers as copies of the encoder's last."""
        last = self.distilbert.transformer.layer[-1].state_dict()
        for layer in self.quotes.layer:
            layer.load_state_dict(last)
