"""Writes a configuration as block YAML: dicts, lists and scalars, which is all that lamd's has."""

import json


def to_yaml(value, indent=""):
    if isinstance(value, dict):
        return "".join(f"{indent}{key}:{_nested(item, indent)}" for key, item in value.items())
    return "".join(f"{indent}-{_item(item, indent)}" for item in value)


def _nested(value, indent):
    if isinstance(value, (dict, list)):
        return "\n" + to_yaml(value, indent + "  ") if value else f" {json.dumps(value)}\n"
    return f" {_scalar(value)}\n"


def _item(value, indent):
    if isinstance(value, dict) and value:
        return " " + to_yaml(value, indent + "  ").lstrip()
    return f" {_scalar(value)}\n"


def _scalar(value):
    return json.dumps(str(value)) if not isinstance(value, (bool, int, float)) else json.dumps(value)
