"""The version: any change that alters a ``result_hash`` raises its second number, another release the third."""

__version__ = "0.2.0"
