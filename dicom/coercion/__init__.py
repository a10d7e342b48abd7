"""Values that are put into objects by explicit rule, when they come or when they are sent on."""
