"""``kordon tables``: the data dictionary."""

import click


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the records as JSON.")
def command(name: str | None, as_json: bool) -> None:
    """The data dictionary: every table, or one with its columns.

    \b
    Example:
      kordon tables core_trip
    """
    from kordon import report

    report.show_tables(name, as_json=as_json)
