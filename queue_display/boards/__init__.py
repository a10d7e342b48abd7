"""LED boards: what each shows of its queue, as frames of its maker's own form."""
