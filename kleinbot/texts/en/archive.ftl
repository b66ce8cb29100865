archive-file = { $fate ->
        [ours] its job ended without it
        [part] an unfinished write
       *[other] its job is not known
    }: { $file }
archive-more = … and { $files ->
        [one] one more
       *[other] { $files } more
    } (`--all` names every file).
archive-counts = { $kept ->
        [one] One file is kept by the database
       *[other] { $kept } files are kept by the database
    }{ $ended ->
        [0] {""}
        [one] ; of one the job has ended without it
       *[other] ; of { $ended } the jobs have ended without them
    }{ $parts ->
        [0] {""}
        [one] ; one is an unfinished write
       *[other] ; { $parts } are unfinished writes
    }.
archive-never-accepted = { $files ->
        [one] One input picture is of a job that was never accepted; it is swept
       *[other] { $files } input pictures are of jobs that were never accepted; they are swept
    } after an hour.
archive-adopt-asks = { $files ->
        [0] The database knows every picture in the archive. From now on the archive belongs to this database.
        [one] One file is of a job that this database does not know. It is put aside in { $folder }, and from now on the archive belongs to this database.
       *[other] { $files } files are of jobs that this database does not know. They are put aside in { $folder }, and from now on the archive belongs to this database.
    } Nothing is deleted. Keep a copy of the data folder if you are not sure.
archive-adopted = The archive belongs to this database. { $aside ->
        [0] Nothing had to be put aside.
        [one] One file was put aside in { $folder }.
       *[other] { $aside } files were put aside in { $folder }.
    }{ $back ->
        [0] {""}
        [one] {" "}One file that lay there came back.
       *[other] {" "}{ $back } files that lay there came back.
    }
archive-nothing-to-remove = Nothing can be removed: no file is proven to be this database's and left over.
archive-remove-asks = { $files ->
        [one] One left-over file of this database is deleted for good.
       *[other] { $files } left-over files of this database are deleted for good.
    } Those of jobs that it does not know stay, and so do files younger than an hour.
archive-removed = { $files ->
        [one] One file was removed
       *[other] { $files } files were removed
    } ({ $size } MiB).
archive-go-on = Go on?
