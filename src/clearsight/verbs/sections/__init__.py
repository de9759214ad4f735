"""The parts of a report: modules with `render(context) -> Section | None`, listed in `core/registry.SECTIONS`."""
