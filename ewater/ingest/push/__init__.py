"""Readings that loggers post and brokers deliver: kept first, loaded soon after."""
