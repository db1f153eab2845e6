"""Who breaks: what a change of the schema means to the application that is not of the same release."""
