"""One way to pick from a total table: an entry's `type` names the function, its other keys are that function's arguments."""

import inspect


def call(what, table, spec, *arguments):
    """Calls table[spec's type](*arguments, **spec's other keys); a bare string stands for {"type": string}.

    Keys are camelCase in the file, and snake_case in Python. An unknown type or key is an error that lists the known ones.
    """
    options = {"type": spec} if isinstance(spec, str) else dict(spec)
    kind = options.pop("type", None)
    if kind not in table:
        raise ValueError(f"{what}: unknown type {kind!r}; known are {', '.join(table)}")
    function = table[kind]
    options = {snake_case(key): value for key, value in options.items()}
    parameters = list(inspect.signature(function).parameters)[len(arguments) :]
    for key in options:
        if key not in parameters:
            raise ValueError(f"{what} {kind}: unknown key {key!r}; known are {', '.join(parameters) or 'none'}")
    return function(*arguments, **options)


def snake_case(key):
    """weightDecay -> weight_decay; `lambda` is a reserved word in Python, and becomes lambda_."""
    snake = "".join("_" + letter.lower() if letter.isupper() else letter for letter in key)
    return "lambda_" if snake == "lambda" else snake
