"""What is done to the weights of a whole model once they are drawn: LSUV, fixup, a zero at each residual body's end."""

import torch
from torch import nn

from .modules import Residual
from .tables import call


def initialize(spec, model, state, x):
    """The state {name: array} after it, for the inputs x of the first batch; float64 inside, float32 in the end."""
    model.network.double().load_state_dict({name: torch.from_numpy(array.copy()) for name, array in state.items()})
    with torch.no_grad():
        call("initialization", INITIALIZATIONS, spec, model.network, torch.from_numpy(x.reshape(len(x), -1).copy()).double())
    after = model.network.state_dict()
    # Running statistics stay as they were: only weights are initialised.
    return {name: after[name].numpy().astype(array.dtype) if is_parameter(model, name) else array for name, array in state.items()}


def is_parameter(model, name):
    return name in dict(model.network.named_parameters())


def lsuv(network, x, tolerance=0.1, iterations=10):
    """Layer by layer the weight is divided by the standard deviation of the outputs (Mishkin and Matas, 2016)."""
    seen = {}
    for layer in (module for module in network.modules() if isinstance(module, nn.Linear)):
        hook = layer.register_forward_hook(lambda _module, _input, output: seen.update(output=output))
        for _ in range(iterations):
            network(x)
            deviation = seen["output"].std(unbiased=False)
            if abs(deviation - 1) <= tolerance:
                break
            layer.weight.div_(deviation)
        hook.remove()


def zero_last(network, _x):
    """The last parameters of every residual body: a norm's scale, or a linear layer's weight and bias (Goyal et al., 2017)."""
    for block in residuals(network):
        last = [module for entry in numbered(block) for module in entry.modules() if list(module.parameters(recurse=False))][-1]
        nn.init.zeros_(last.weight)
        if isinstance(last, nn.Linear) and last.bias is not None:
            nn.init.zeros_(last.bias)


def fixup(network, _x):
    """Zhang et al., 2019: with L blocks of m linear layers all but the last of each shrink by L^(-1/(2m - 2)), and the last are 0."""
    blocks = list(residuals(network))
    for block in blocks:
        linears = [module for entry in numbered(block) for module in entry.modules() if isinstance(module, nn.Linear)]
        for layer in linears[:-1]:
            layer.weight.mul_(len(blocks) ** (-1 / (2 * len(linears) - 2)))
        nn.init.zeros_(linears[-1].weight)
        for layer in linears:
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    if last.bias is not None:
        nn.init.zeros_(last.bias)


def residuals(network):
    return (module for module in network.modules() if isinstance(module, Residual))


def numbered(block):
    return [block[index] for index in range(block.length)]


INITIALIZATIONS = {"lsuv": lsuv, "zeroLast": zero_last, "fixup": fixup}
