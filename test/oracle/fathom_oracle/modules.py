"""The layers that PyTorch 1.13 has no module for, each from its paper and docs/experiment.md."""

import torch
from torch import nn
from torch.nn import functional as F


class Function(nn.Module):
    """A layer without parameters or state."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def lecun_tanh(x):
    return 1.7159 * torch.tanh(2 * x / 3)


def swiglu(x):
    a, b = x.chunk(2, dim=1)
    return a * F.silu(b)


class RMSNorm(nn.Module):
    """x / sqrt(mean of x^2 + epsilon) over the features, times a weight (Zhang and Sennrich, 2019)."""

    def __init__(self, features, epsilon, affine):
        super().__init__()
        self.epsilon = epsilon
        self.weight = nn.Parameter(torch.ones(features)) if affine else None

    def forward(self, x):
        y = x * torch.rsqrt((x * x).mean(dim=1, keepdim=True) + self.epsilon)
        return y if self.weight is None else y * self.weight


class StandardizedLinear(nn.Linear):
    """A linear layer whose rows are standardised by their biased variance (Qiao et al., 2019)."""

    def forward(self, x):
        variance, mean = torch.var_mean(self.weight, dim=1, unbiased=False, keepdim=True)
        return F.linear(x, (self.weight - mean) / torch.sqrt(variance + 1e-5), self.bias)


class Dropout(nn.Module):
    def __init__(self, rate, randomness):
        super().__init__()
        self.rate, self.randomness = rate, randomness

    def forward(self, x):
        if not self.training:
            return x
        kept = (self.randomness.uniforms(x.numel()) >= self.rate).reshape(x.shape)
        return x * kept.to(x.dtype) / (1 - self.rate)


class StochasticDepth(nn.Module):
    """torchvision.ops.StochasticDepth: whole rows, or the whole batch, with probability `rate` (Huang et al., 2016)."""

    def __init__(self, rate, mode, randomness):
        super().__init__()
        self.rate, self.mode, self.randomness = rate, mode, randomness

    def forward(self, x):
        if not self.training:
            return x
        count = {"row": len(x), "batch": 1}[self.mode]
        kept = (self.randomness.uniforms(count) >= self.rate).reshape(count, 1)
        return x * kept.to(x.dtype) / (1 - self.rate)


class Numbered(nn.Sequential):
    """A Sequential that may have further parts besides its numbered entries."""

    def __init__(self, body):
        super().__init__(*body)
        self.length = len(body)

    def body(self, x):
        for index in range(self.length):
            x = self[index](x)
        return x


class Residual(Numbered):
    """The body's output, scaled and at times dropped, added to the input, or to the input's projection where the widths differ."""

    def __init__(self, body, projection=None, scale=None, stochastic_depth=None):
        super().__init__(body)
        # In a list, where it adds no name of its own.
        self.drop = [stochastic_depth] if stochastic_depth else []
        self.scale = scale[0] if scale else None
        if scale:
            self.register_parameter(*scale)
        if projection is not None:
            self.projection = projection

    def forward(self, x):
        y = self.body(x)
        if self.scale:
            y = getattr(self, self.scale) * y
        for drop in self.drop:
            y = drop.train(self.training)(y)
        return y + (self.projection(x) if hasattr(self, "projection") else x)


class Highway(Numbered):
    """t * body(x) + (1 - t) * x, t the sigmoid of a linear layer (Srivastava et al., 2015)."""

    def __init__(self, body, gate):
        super().__init__(body)
        self.gate = gate

    def forward(self, x):
        t = torch.sigmoid(self.gate(x))
        return t * self.body(x) + (1 - t) * x


class Dense(nn.Sequential):
    """Each round sees the input and the outputs of all earlier rounds (Huang et al., 2017)."""

    def forward(self, x):
        for body in self:
            x = torch.cat([x, body(x)], dim=1)
        return x


class Concat(nn.ModuleList):
    """Branches side by side: each sees the whole input, and their outputs are joined along the features."""

    def forward(self, x):
        return torch.cat([branch(x) for branch in self], dim=1)


class Auxiliary(nn.Sequential):
    """Hands its input on; keeps what its body makes of it in training as `output`, for a loss of its own (Lee et al., 2015)."""

    def __init__(self, name, weight, body):
        super().__init__(*body)
        self.name, self.loss_weight, self.output = name, weight, None

    def forward(self, x):
        self.output = super().forward(x) if self.training else None
        return x
