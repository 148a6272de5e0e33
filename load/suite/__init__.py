"""Every benchmark in order, and one report of them: `hoadon load report`.

`steps` says what is measured, each step a command that writes JSON; `run` runs them one after the other; `targets`
compares with what is wanted; `page` and `plots` tell it.
"""
