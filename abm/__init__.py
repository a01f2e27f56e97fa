"""Agent-based simulator of antibody therapy against B cells."""
