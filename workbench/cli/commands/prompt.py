"""`workbench prompt`: render a prompt."""

from __future__ import annotations

from argparse import Namespace

from workbench.cli.arguments import check_names, pairs
from workbench.cli.commands.call import block_text
from workbench.cli.failures import not_found
from workbench.cli.output import show
from workbench.cli.records import conclude
from workbench.cli.session import with_engine
from workbench.engine import Engine


def run(options: Namespace) -> int:
    """Render the prompt and print its messages."""
    arguments = pairs(options.arguments)

    async def work(engine: Engine) -> int:
        prompts = {prompt.name: prompt for prompt in await engine.list_prompts(options.protocol)}
        if options.name not in prompts:
            raise not_found("prompt", options.name, prompts)
        takes = prompts[options.name].arguments or ()
        check_names(arguments, [each.name for each in takes], [each.name for each in takes if each.required])
        record = await engine.get_prompt(
            options.name, arguments, protocol=options.protocol, timeout=options.timeout
        )
        result, code = conclude(record, as_json=options.json)
        if not options.json:
            for message in result.get("messages") or ():
                show(f"{message['role']}: {block_text(message['content'])}")
        return code

    return with_engine(options, work)
