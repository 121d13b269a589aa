import Glibc

exit(runLake())
