"""The engine: tasks on this process, on processes of its own or on a Dask cluster, each key computed once."""
